// SPDX-License-Identifier: GPL-2.0
/* The NVM (EEPROM or flash) behind EERD. Read only: tgbe never writes it. */
#include <linux/bitfield.h>
#include <linux/etherdevice.h>

#include "tgbe.h"
#include "tgbe_chip.h"

/* One word takes about 40 us from a serial EEPROM */
#define NVM_STEP_US	5
#define NVM_LIMIT_US	50000

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
	u16 sum = 0;
	int err;

	if (!(tgbe_rd(dev, TGBE_EECD) & TGBE_EECD_PRES))
		return -ENODEV;
	err = tgbe_nvm_get(dev);
	if (err)
		return err;
	for (u16 i = 0; !err && i < TGBE_NVM_CHECKSUM_WORDS; i++) {
		u16 val = 0;

		err = tgbe_read_word(dev, i, &val);
		sum += val;
	}
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
