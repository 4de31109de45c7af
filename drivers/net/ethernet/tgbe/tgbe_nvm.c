// SPDX-License-Identifier: GPL-2.0
/* The NVM (EEPROM or flash) behind EERD, and what may be written to it. */
#include <linux/bitfield.h>
#include <linux/etherdevice.h>

#include "tgbe.h"
#include "tgbe_chip.h"

/* One word takes about 40 us from a serial EEPROM */
#define NVM_STEP_US	5
#define NVM_LIMIT_US	50000

/* Words that EERD can address, and those of a flash, which has 4 KB sectors */
#define NVM_WORDS_MAX	BIT(14)
#define FLASH_WORDS	2048
#define NVM_WORDS_SHIFT	6

static int tgbe_read_word(struct tgbe_device *dev, u16 word, u16 *val)
{
	int err;

	tgbe_wr(dev, TGBE_EERD, FIELD_PREP(TGBE_EERD_ADDR, word) |
		TGBE_EERD_START);
	err = tgbe_wait(dev, TGBE_EERD, TGBE_EERD_DONE, TGBE_EERD_DONE,
			NVM_STEP_US, NVM_LIMIT_US);
	if (err)
		return err;
	*val = FIELD_GET(TGBE_EERD_DATA, tgbe_rd(dev, TGBE_EERD));
	return 0;
}

static int tgbe_nvm_get(struct tgbe_device *dev)
{
	int err;

	mutex_lock(&dev->fw_lock);
	err = dev->chip->nvm_get(dev);
	if (err)
		mutex_unlock(&dev->fw_lock);
	return err;
}

static void tgbe_nvm_put(struct tgbe_device *dev)
{
	dev->chip->nvm_put(dev);
	mutex_unlock(&dev->fw_lock);
}

/**
 * tgbe_nvm_is_flash() - is the NVM a flash, which the chip keeps a copy of?
 * @dev: port
 *
 * Return: true if so; never on the 82576.
 */
bool tgbe_nvm_is_flash(struct tgbe_device *dev)
{
	return tgbe_is_on(dev, TGBE_ON_82574) &&
	       FIELD_GET(TGBE_EECD_82574_TYPE, tgbe_rd(dev, TGBE_EECD)) ==
	       TGBE_EECD_82574_FLASH;
}

/**
 * tgbe_nvm_words() - size of the NVM
 * @dev: port
 *
 * Return: words of 16 bits as EECD has them (82576 8.4, 82574 10.2), 16384 at most,
 * since EERD reaches no further; 0 without an NVM.
 */
unsigned int tgbe_nvm_words(struct tgbe_device *dev)
{
	u32 eecd = tgbe_rd(dev, TGBE_EECD);
	unsigned int words;

	if (!(eecd & TGBE_EECD_PRES) || !READ_ONCE(dev->regs))
		return 0;
	if (tgbe_nvm_is_flash(dev))
		return FLASH_WORDS;
	words = BIT(FIELD_GET(TGBE_EECD_SIZE, eecd) + NVM_WORDS_SHIFT);
	return min_t(unsigned int, words, NVM_WORDS_MAX);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_nvm_words);

/**
 * tgbe_nvm_init() - once, at probe
 * @dev: port
 */
void tgbe_nvm_init(struct tgbe_device *dev)
{
	if (dev->chip->nvm_init)
		dev->chip->nvm_init(dev);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_nvm_init);

static int tgbe_sum_words(struct tgbe_device *dev, u16 count, u16 *sum)
{
	int err = 0;

	*sum = 0;
	for (u16 i = 0; !err && i < count; i++) {
		u16 val = 0;

		err = tgbe_read_word(dev, i, &val);
		*sum += val;
	}
	return err;
}

/**
 * tgbe_nvm_check() - is there an NVM, and is its content whole?
 * @dev: port
 *
 * The first 64 words of a good image add up to 0xBABA.
 *
 * Return: 0, -ENODEV without an NVM, -EBADMSG for a wrong sum, or the error
 * of reading.
 */
int tgbe_nvm_check(struct tgbe_device *dev)
{
	u16 sum;
	int err;

	if (!(tgbe_rd(dev, TGBE_EECD) & TGBE_EECD_PRES))
		return -ENODEV;
	err = tgbe_nvm_get(dev);
	if (err)
		return err;
	err = tgbe_sum_words(dev, TGBE_NVM_CHECKSUM_WORDS, &sum);
	tgbe_nvm_put(dev);
	if (err)
		return err;
	return sum == TGBE_NVM_CHECKSUM ? 0 : -EBADMSG;
}

/**
 * tgbe_nvm_read() - read words
 * @dev: port
 * @first: number of the first word
 * @count: how many
 * @words: where to put them
 *
 * Context: process, sleeps.
 * Return: 0, -EBUSY if the firmware keeps the NVM, or -ETIMEDOUT for a word that
 * is not there.
 */
int tgbe_nvm_read(struct tgbe_device *dev, u16 first, u16 count, u16 *words)
{
	int err = tgbe_nvm_get(dev);

	if (err)
		return err;
	for (u16 i = 0; i < count && !err; i++)
		err = tgbe_read_word(dev, first + i, &words[i]);
	tgbe_nvm_put(dev);
	return err;
}

/**
 * tgbe_nvm_alternate_mac() - the address that a blade or a BMC gave the port
 * @dev: port
 * @addr: the factory's address; replaced if there is another
 *
 * Word 37h points to three words for each function of the 82576, and is 0 or FFFFh
 * where there are none. The chip does not load them by itself. The 82574 has no such
 * addresses.
 *
 * Context: process, sleeps.
 */
void tgbe_nvm_alternate_mac(struct tgbe_device *dev, u8 *addr)
{
	u16 words[ETH_ALEN / 2], pointer;
	u8 other[ETH_ALEN];

	if (!dev->chip->alternate_mac ||
	    tgbe_nvm_read(dev, TGBE_NVM_ALT_MAC, 1, &pointer) ||
	    pointer == 0 || pointer == 0xffff)
		return;
	pointer += ARRAY_SIZE(words) *
		   FIELD_GET(TGBE_STATUS_FUNC, tgbe_rd(dev, TGBE_STATUS));
	if (tgbe_nvm_read(dev, pointer, ARRAY_SIZE(words), words))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
		put_unaligned_le16(words[i], other + 2 * i);
	/* words that were never written are all ones, a multicast address */
	if (is_valid_ether_addr(other))
		ether_addr_copy(addr, other);
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_nvm_alternate_mac);

/**
 * tgbe_nvm_read_bytes() - read bytes, of which a word has the lower one first
 * @dev: port
 * @offset: number of the first byte
 * @len: how many
 * @data: where to put them
 *
 * Context: process, sleeps.
 * Return: as tgbe_nvm_read().
 */
int tgbe_nvm_read_bytes(struct tgbe_device *dev, u32 offset, u32 len, u8 *data)
{
	int err = tgbe_nvm_get(dev);
	u16 word = 0;

	if (err)
		return err;
	for (u32 i = 0, at = offset; i < len && !err; i++, at++) {
		if (!i || !(at & 1))
			err = tgbe_read_word(dev, at / 2, &word);
		data[i] = at & 1 ? word >> 8 : word & 0xff;
	}
	tgbe_nvm_put(dev);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_nvm_read_bytes);

/* A word that is there already is not written: cells wear out */
static int tgbe_write_word(struct tgbe_device *dev, u16 word, u16 val)
{
	u16 now;
	int err;

	err = tgbe_read_word(dev, word, &now);
	if (err || now == val)
		return err;
	err = dev->chip->nvm_write(dev, word, val) ?: tgbe_read_word(dev, word, &now);
	if (err)
		return err;
	return now == val ? 0 : -EIO;
}

static int tgbe_write_bytes(struct tgbe_device *dev, u32 offset, u32 len, const u8 *data)
{
	u32 end = offset + len;
	u16 sum;
	int err;

	for (u32 at = round_down(offset, 2); at < end; at += 2) {
		u16 word;

		err = tgbe_read_word(dev, at / 2, &word);
		if (err)
			return err;
		if (at >= offset)
			word = (word & 0xff00) | data[at - offset];
		if (at + 1 < end)
			word = (word & 0x00ff) | data[at + 1 - offset] << 8;
		err = tgbe_write_word(dev, at / 2, word);
		if (err)
			return err;
	}
	err = tgbe_sum_words(dev, TGBE_NVM_CHECKSUM_WORD, &sum);
	if (err)
		return err;
	return tgbe_write_word(dev, TGBE_NVM_CHECKSUM_WORD, TGBE_NVM_CHECKSUM - sum);
}

/**
 * tgbe_nvm_write_bytes() - write bytes, and the word that makes the checksum right
 * @dev: port
 * @offset: number of the first byte
 * @len: how many, all within tgbe_nvm_words()
 * @data: the bytes
 * @extack: why it was refused
 *
 * Each word is read back. The chip uses the new content from its next reset on, some of
 * it from the next power-on.
 *
 * Context: process, sleeps.
 * Return: 0; -EOPNOTSUPP where the driver does not write; -EIO for a word that did not
 * take its value; -EBUSY if the firmware keeps the NVM; or -ETIMEDOUT. After the last
 * three some words may have been written, and the checksum tells of it.
 */
int tgbe_nvm_write_bytes(struct tgbe_device *dev, u32 offset, u32 len,
			 const u8 *data, struct netlink_ext_ack *extack)
{
	int err;

	if (!dev->chip->nvm_write) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "the NVM of an %s is not written by this driver",
				       dev->chip->name);
		return -EOPNOTSUPP;
	}
	err = tgbe_nvm_get(dev);
	if (err) {
		NL_SET_ERR_MSG_MOD(extack, "the firmware keeps the NVM");
		return err;
	}
	err = tgbe_write_bytes(dev, offset, len, data) ?: dev->chip->nvm_commit(dev);
	tgbe_nvm_put(dev);
	if (err)
		NL_SET_ERR_MSG_MOD(extack, "the NVM did not take the words, check it with -t");
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(tgbe_nvm_write_bytes);

/**
 * tgbe_nvm_version() - version of the NVM image as text
 * @dev: port
 * @buf: where to put it; "unknown" if the word cannot be read
 * @len: its size
 */
void tgbe_nvm_version(struct tgbe_device *dev, char *buf, size_t len)
{
	u16 word = 0;
	int err;

	err = tgbe_nvm_get(dev);
	if (!err) {
		err = tgbe_read_word(dev, TGBE_NVM_VERSION, &word);
		tgbe_nvm_put(dev);
	}
	if (err)
		strscpy(buf, "unknown", len);
	else
		snprintf(buf, len, "%lu.%lu", FIELD_GET(GENMASK(15, 12), word),
			 FIELD_GET(GENMASK(11, 4), word));
}
