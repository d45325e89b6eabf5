/*
 * like.h: patterns of LIKE, as policies have them: % stands for any text, _ for one character, a
 * backslash takes the next character literally. Case counts. As PostgreSQL's LIKE decides under the
 * collation "C", in any encoding of the server.
 */
#ifndef SH_LIKE_H
#define SH_LIKE_H

#include "sh_ext.h"

/* A pattern that ends in a lone backslash is none: LIKE itself fails on it. */
extern bool sh_like_valid(const char *pattern, int len);

/* Does the text match? An invalid pattern matches nothing. */
extern bool sh_like_matches(const char *pattern, int pattern_len, const char *text, int text_len);

/*
 * Does `outer` match every text that `inner` matches? Careful: true is certain; false may mean that
 * it could not be told.
 */
extern bool sh_like_covers(const char *outer, int outer_len, const char *inner, int inner_len);

/* Is there a text that both match? Exact. */
extern bool sh_like_meets(const char *a, int a_len, const char *b, int b_len);

/*
 * The text that each match begins with: the literal characters before the first wildcard, without
 * backslashes, in a palloc'd string. *whole: the pattern has no wildcard.
 */
extern char *sh_like_prefix(const char *pattern, int len, bool *whole);

#endif
