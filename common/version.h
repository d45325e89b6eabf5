/*
 * version.h: the version of the programs and of the extension that they speak to.
 */
#ifndef SHC_VERSION_H
#define SHC_VERSION_H

#define SH_VERSION "1.0"

#endif
