/* SPDX-License-Identifier: GPL-2.0 */
/* What a user can set of txpath: checked when it comes, and shown as it is. Nothing here
 * knows of packets; sch_txpath.c puts it in force.
 */
#ifndef _TXPATH_CONFIG_H_
#define _TXPATH_CONFIG_H_

#include <net/netlink.h>
#include <net/sch_generic.h>
#include <uapi/linux/pkt_sched_txpath.h>

/* All that can be set. The u32 are those of the table below, which checks them. */
struct txpath_config {
	u32 limit;
	u32 memlimit;
	u32 bypass;
	u32 quota;
	u32 bands;
	u32 sched;
	u32 aqm;
	u32 target;
	u32 interval;
	u32 ecn;
	u32 ce_threshold;
	u32 sparse;
	u16 weights[TC_TXPATH_BANDS_MAX];
	u8 priomap[TC_TXPATH_PRIORITIES];
	/* the limit follows the device's txqueuelen */
	bool limit_unset;
};

struct txpath_setting {
	const char *name;
	size_t offset;
	u32 min;
	u32 max;
	bool may_be_off;
};

#define TXPATH_SETTING(_name, _min, _max, ...) {				\
	.name = #_name, .offset = offsetof(struct txpath_config, _name),	\
	.min = _min, .max = _max, ##__VA_ARGS__					\
}

static const struct txpath_setting txpath_settings[TCA_TXPATH_MAX + 1] = {
	[TCA_TXPATH_LIMIT] = TXPATH_SETTING(limit, TC_TXPATH_LIMIT_MIN, TC_TXPATH_LIMIT_MAX),
	[TCA_TXPATH_MEMLIMIT] = TXPATH_SETTING(memlimit, TC_TXPATH_MEMLIMIT_MIN,
					       TC_TXPATH_MEMLIMIT_MAX),
	[TCA_TXPATH_BYPASS] = TXPATH_SETTING(bypass, 0, 1),
	[TCA_TXPATH_QUOTA] = TXPATH_SETTING(quota, 0, TC_TXPATH_QUOTA_MAX),
	[TCA_TXPATH_BANDS] = TXPATH_SETTING(bands, TC_TXPATH_BANDS_MIN, TC_TXPATH_BANDS_MAX),
	[TCA_TXPATH_SCHED] = TXPATH_SETTING(sched, 0, __TC_TXPATH_SCHED_MAX - 1),
	[TCA_TXPATH_AQM] = TXPATH_SETTING(aqm, 0, __TC_TXPATH_AQM_MAX - 1),
	[TCA_TXPATH_TARGET] = TXPATH_SETTING(target, TC_TXPATH_TARGET_MIN,
					     TC_TXPATH_TARGET_MAX),
	[TCA_TXPATH_INTERVAL] = TXPATH_SETTING(interval, TC_TXPATH_INTERVAL_MIN,
					       TC_TXPATH_INTERVAL_MAX),
	[TCA_TXPATH_ECN] = TXPATH_SETTING(ecn, 0, 1),
	[TCA_TXPATH_CE_THRESHOLD] = TXPATH_SETTING(ce_threshold, 0, TC_TXPATH_INTERVAL_MAX,
						   .may_be_off = true),
	[TCA_TXPATH_SPARSE] = TXPATH_SETTING(sparse, 0, TC_TXPATH_SPARSE_MAX),
};

static const struct nla_policy txpath_policy[TCA_TXPATH_MAX + 1] = {
	[TCA_TXPATH_LIMIT] = { .type = NLA_U32 },
	[TCA_TXPATH_MEMLIMIT] = { .type = NLA_U32 },
	[TCA_TXPATH_BYPASS] = { .type = NLA_U32 },
	[TCA_TXPATH_QUOTA] = { .type = NLA_U32 },
	[TCA_TXPATH_BANDS] = { .type = NLA_U32 },
	[TCA_TXPATH_PRIOMAP] = NLA_POLICY_EXACT_LEN(TC_TXPATH_PRIORITIES),
	[TCA_TXPATH_SCHED] = { .type = NLA_U32 },
	[TCA_TXPATH_WEIGHTS] = {
		.type = NLA_BINARY,
		.len = TC_TXPATH_BANDS_MAX * sizeof(u16),
	},
	[TCA_TXPATH_AQM] = { .type = NLA_U32 },
	[TCA_TXPATH_TARGET] = { .type = NLA_U32 },
	[TCA_TXPATH_INTERVAL] = { .type = NLA_U32 },
	[TCA_TXPATH_ECN] = { .type = NLA_U32 },
	[TCA_TXPATH_CE_THRESHOLD] = { .type = NLA_U32 },
	[TCA_TXPATH_SPARSE] = { .type = NLA_U32 },
};

static u32 *txpath_value(struct txpath_config *config, const struct txpath_setting *setting)
{
	return (void *)config + setting->offset;
}

static int txpath_parse_value(struct txpath_config *config, const struct nlattr *attr,
			      struct netlink_ext_ack *extack)
{
	const struct txpath_setting *setting = &txpath_settings[nla_type(attr)];
	u32 value = nla_get_u32(attr);

	if ((value < setting->min || value > setting->max) &&
	    !(setting->may_be_off && value == TC_TXPATH_OFF)) {
		NL_SET_BAD_ATTR(extack, attr);
		NL_SET_ERR_MSG_FMT_MOD(extack, "%s must be %u to %u%s", setting->name,
				       setting->min, setting->max,
				       setting->may_be_off ? ", or off" : "");
		return -ERANGE;
	}
	*txpath_value(config, setting) = value;
	return 0;
}

/* The usual bands of the priorities, or the last band where there are fewer */
static void txpath_default_bands(struct txpath_config *config)
{
	for (unsigned int i = 0; i < TC_TXPATH_PRIORITIES; i++)
		config->priomap[i] = min_t(u32, sch_default_prio2band[i], config->bands - 1);
	for (unsigned int i = 0; i < TC_TXPATH_BANDS_MAX; i++)
		config->weights[i] = 1;
}

static int txpath_parse_priomap(struct txpath_config *config, const struct nlattr *attr,
				struct netlink_ext_ack *extack)
{
	const u8 *map = nla_data(attr);

	for (unsigned int i = 0; i < TC_TXPATH_PRIORITIES; i++) {
		if (map[i] < config->bands)
			continue;
		NL_SET_BAD_ATTR(extack, attr);
		NL_SET_ERR_MSG_FMT_MOD(extack, "priomap names band %u, bands are 0 to %u",
				       map[i], config->bands - 1);
		return -ERANGE;
	}
	memcpy(config->priomap, map, TC_TXPATH_PRIORITIES);
	return 0;
}

static int txpath_parse_weights(struct txpath_config *config, const struct nlattr *attr,
				struct netlink_ext_ack *extack)
{
	const u16 *weights = nla_data(attr);

	if (nla_len(attr) != config->bands * sizeof(u16)) {
		NL_SET_BAD_ATTR(extack, attr);
		NL_SET_ERR_MSG_FMT_MOD(extack, "weights must be as many as bands, %u",
				       config->bands);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < config->bands; i++) {
		if (weights[i] >= TC_TXPATH_WEIGHT_MIN && weights[i] <= TC_TXPATH_WEIGHT_MAX)
			continue;
		NL_SET_BAD_ATTR(extack, attr);
		NL_SET_ERR_MSG_FMT_MOD(extack, "weights must be %u to %u",
				       TC_TXPATH_WEIGHT_MIN, TC_TXPATH_WEIGHT_MAX);
		return -ERANGE;
	}
	memcpy(config->weights, weights, nla_len(attr));
	return 0;
}

static int txpath_refuse_repeats(const struct nlattr *opt, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	unsigned long seen = 0;
	int left;

	nla_for_each_nested(attr, opt, left) {
		if (__test_and_set_bit(nla_type(attr), &seen)) {
			NL_SET_ERR_MSG_ATTR(extack, attr, "attribute given twice");
			return -EINVAL;
		}
	}
	return 0;
}

/* Change @config, which is a copy of the settings, as a user asks. The number of bands
 * comes before what is given for each of them.
 */
static int txpath_parse(struct txpath_config *config, const struct nlattr *opt,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[TCA_TXPATH_MAX + 1];
	int err;

	err = nla_parse_nested(tb, TCA_TXPATH_MAX, opt, txpath_policy, extack) ?:
	      txpath_refuse_repeats(opt, extack);
	for (unsigned int i = 1; !err && i <= TCA_TXPATH_MAX; i++) {
		if (tb[i] && txpath_settings[i].name)
			err = txpath_parse_value(config, tb[i], extack);
	}
	if (err)
		return err;
	if (tb[TCA_TXPATH_LIMIT])
		config->limit_unset = false;
	if (tb[TCA_TXPATH_BANDS])
		txpath_default_bands(config);
	if (tb[TCA_TXPATH_PRIOMAP])
		err = txpath_parse_priomap(config, tb[TCA_TXPATH_PRIOMAP], extack);
	if (!err && tb[TCA_TXPATH_WEIGHTS])
		err = txpath_parse_weights(config, tb[TCA_TXPATH_WEIGHTS], extack);
	if (!err && config->target >= config->interval) {
		NL_SET_BAD_ATTR(extack, tb[TCA_TXPATH_TARGET] ?: tb[TCA_TXPATH_INTERVAL]);
		NL_SET_ERR_MSG_FMT_MOD(extack, "target must be below the interval, %u us",
				       config->interval);
		err = -ERANGE;
	}
	return err;
}

/* Return: length of the message so far, negative if it is full */
static int txpath_config_dump(struct txpath_config *config, struct sk_buff *skb)
{
	struct nlattr *opt = nla_nest_start(skb, TCA_OPTIONS);

	if (!opt)
		return -EMSGSIZE;
	for (unsigned int i = 1; i <= TCA_TXPATH_MAX; i++) {
		const struct txpath_setting *setting = &txpath_settings[i];

		if (setting->name && nla_put_u32(skb, i, *txpath_value(config, setting)))
			goto full;
	}
	if (nla_put(skb, TCA_TXPATH_PRIOMAP, TC_TXPATH_PRIORITIES, config->priomap) ||
	    nla_put(skb, TCA_TXPATH_WEIGHTS, config->bands * sizeof(u16), config->weights))
		goto full;
	return nla_nest_end(skb, opt);

full:
	nla_nest_cancel(skb, opt);
	return -EMSGSIZE;
}

#endif /* _TXPATH_CONFIG_H_ */
