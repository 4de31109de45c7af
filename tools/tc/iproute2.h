/* SPDX-License-Identifier: GPL-2.0 */
/* What a plugin of tc finds in the tc that loads it. iproute2 installs no header for
 * plugins, and promises none of this; `make check` runs it with the distribution's tc.
 */
#ifndef _TGBE_IPROUTE2_H_
#define _TGBE_IPROUTE2_H_

#include <stdbool.h>
#include <stdio.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* tc looks for <id>_qdisc_util in q_<id>.so. Since 2024 (6.9) the first argument of
 * all points to const; a call is the same.
 */
struct qdisc_util {
	struct qdisc_util *next;
	const char *id;
	int (*parse_qopt)(const struct qdisc_util *qu, int argc, char **argv,
			  struct nlmsghdr *n, const char *dev);
	int (*print_qopt)(const struct qdisc_util *qu, FILE *f, struct rtattr *opt);
	int (*print_xstats)(const struct qdisc_util *qu, FILE *f, struct rtattr *xstats);
	int (*parse_copt)(const struct qdisc_util *qu, int argc, char **argv,
			  struct nlmsghdr *n, const char *dev);
	int (*print_copt)(const struct qdisc_util *qu, FILE *f, struct rtattr *opt);
	int (*has_block)(const struct qdisc_util *qu, struct rtattr *opt, bool *has);
};

/* Where something is printed: in text, in JSON, in either */
enum output_type {
	PRINT_FP = 1,
	PRINT_JSON = 2,
	PRINT_ANY = 4,
};

/* The first six are colours */
enum color_attr {
	COLOR_NONE = 6,
};

extern int show_details;

int addattr32(struct nlmsghdr *n, int maxlen, int type, __u32 data);
int addattr_l(struct nlmsghdr *n, int maxlen, int type, const void *data, int alen);
struct rtattr *addattr_nest(struct nlmsghdr *n, int maxlen, int type);
int addattr_nest_end(struct nlmsghdr *n, struct rtattr *nest);
int parse_rtattr_flags(struct rtattr *tb[], int max, struct rtattr *rta, int len,
		       unsigned short flags);

int get_u32(__u32 *val, const char *arg, int base);
int get_size(unsigned int *size, const char *str);
int get_time64(__s64 *time, const char *str);

bool is_json_context(void);
int print_color_uint(enum output_type type, enum color_attr color, const char *key,
		     const char *fmt, unsigned int value);
int print_color_u64(enum output_type type, enum color_attr color, const char *key,
		    const char *fmt, __u64 value);
int print_color_string(enum output_type type, enum color_attr color, const char *key,
		       const char *fmt, const char *value);
int print_color_bool(enum output_type type, enum color_attr color, const char *key,
		     const char *fmt, bool value);
int print_color_size(enum output_type type, enum color_attr color, const char *key,
		     const char *fmt, __u32 value);
void open_json_object(const char *str);
void close_json_object(void);
void open_json_array(enum output_type type, const char *delim);
void close_json_array(enum output_type type, const char *delim);
char *sprint_time(__u32 time, char *buf);

#define SPRINT_BSIZE	64

#endif /* _TGBE_IPROUTE2_H_ */
