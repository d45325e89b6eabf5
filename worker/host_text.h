/*
 * host_text.h: the text module. Its functions look at bytes unless they say otherwise; offsets are in
 * bytes, from 0.
 */
#ifndef SH_WORKER_HOST_TEXT_H
#define SH_WORKER_HOST_TEXT_H

#include "host_value.h"

extern const WkMember wk_text_members[];

/* The functions by file; host_text.c has the table. */

/* host_text.c */
extern const char *wk_find(const char *data, size_t len, const char *what, size_t what_len);

/* host_text_split.c */
extern bool wk_text_fields(WkHostCall *call);
extern bool wk_text_split(WkHostCall *call);
extern bool wk_text_split_after(WkHostCall *call);
extern bool wk_text_split_n(WkHostCall *call);
extern bool wk_text_split_after_n(WkHostCall *call);
extern bool wk_text_join(WkHostCall *call);
extern bool wk_text_replace(WkHostCall *call);
extern bool wk_text_repeat(WkHostCall *call);
extern bool wk_text_substr(WkHostCall *call);
extern bool wk_text_pad_left(WkHostCall *call);
extern bool wk_text_pad_right(WkHostCall *call);

/* host_text_case.c */
extern bool wk_text_equal_fold(WkHostCall *call);
extern bool wk_text_title(WkHostCall *call);
extern bool wk_text_to_lower(WkHostCall *call);
extern bool wk_text_to_upper(WkHostCall *call);
extern bool wk_text_to_title(WkHostCall *call);
extern bool wk_text_trim(WkHostCall *call);
extern bool wk_text_trim_left(WkHostCall *call);
extern bool wk_text_trim_right(WkHostCall *call);
extern bool wk_text_trim_prefix(WkHostCall *call);
extern bool wk_text_trim_suffix(WkHostCall *call);
extern bool wk_text_trim_space(WkHostCall *call);

/* host_text_number.c */
extern bool wk_text_atoi(WkHostCall *call);
extern bool wk_text_itoa(WkHostCall *call);
extern bool wk_text_format_bool(WkHostCall *call);
extern bool wk_text_format_float(WkHostCall *call);
extern bool wk_text_format_int(WkHostCall *call);
extern bool wk_text_parse_bool(WkHostCall *call);
extern bool wk_text_parse_float(WkHostCall *call);
extern bool wk_text_parse_int(WkHostCall *call);
extern bool wk_text_quote(WkHostCall *call);
extern bool wk_text_unquote(WkHostCall *call);

/* host_regex.c */
extern bool wk_text_re_match(WkHostCall *call);
extern bool wk_text_re_find(WkHostCall *call);
extern bool wk_text_re_replace(WkHostCall *call);
extern bool wk_text_re_split(WkHostCall *call);
extern bool wk_text_re_compile(WkHostCall *call);

#endif
