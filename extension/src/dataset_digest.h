/*
 * dataset_digest.h: SHA-256 of bytes that come in pieces, by the server's own implementation, which has
 * another interface in each PostgreSQL.
 */
#ifndef SH_DATASET_DIGEST_H
#define SH_DATASET_DIGEST_H

#include "sh_ext.h"

#define SH_SHA256_SIZE 32

typedef struct ShSha256 ShSha256;

/* Memory comes from the current context. What is not ended is cleaned up by an error. */
extern ShSha256 *sh_sha256_begin(void);
extern void sh_sha256_add(ShSha256 *sha256, const void *data, Size len);
extern void sh_sha256_end(ShSha256 *sha256, uint8 digest[SH_SHA256_SIZE]);

#endif
