/* SPDX-License-Identifier: GPL-2.0 */
/* What the headers of newer kernels use and sparse 0.6.4 does not know. After an
 * error sparse says nothing more of a file, so without this it would check none.
 * Read by sparse alone.
 */
#define __typeof_unqual__	__typeof__
/* a constant where MODULE_INFO() wants one */
#define __builtin_strlen(s)	(sizeof(s) - 1)
