/*
 * host_log.c: the log and fmt modules.
 */
#include <string.h>

#include "host_format.h"
#include "host_run.h"

void
wk_log_line(const WkTask *task, WkLogLevel level, const char *text, size_t len)
{
	if (task != NULL && task->host->log != NULL)
		task->host->log(task->host->context, level, text,
						len < WK_LOG_TEXT_MAX ? len : WK_LOG_TEXT_MAX);
}

static bool
write_line(WkHostCall *call, WkLogLevel level)
{
	if (!wk_format_call(call))
		return false;
	wk_log_line(call->state->task, level, call->out->data, call->out->len);
	return wk_return_undefined(call);
}

static bool
log_info(WkHostCall *call)
{
	return write_line(call, WK_LOG_INFO);
}

static bool
log_warn(WkHostCall *call)
{
	return write_line(call, WK_LOG_WARNING);
}

static bool
log_error(WkHostCall *call)
{
	return write_line(call, WK_LOG_ERROR);
}

const WkMember wk_log_members[] = {
	{.name = "info", .function = log_info, .min = 1, .max = -1},
	{.name = "warn", .function = log_warn, .min = 1, .max = -1},
	{.name = "err", .function = log_error, .min = 1, .max = -1},
	{.name = "error", .function = log_error, .min = 1, .max = -1},
	{.name = NULL},
};

static bool
fmt_sprintf(WkHostCall *call)
{
	return wk_format_call(call) && wk_return_out(call, WK_STRING);
}

const WkMember wk_fmt_members[] = {
	{.name = "sprintf", .function = fmt_sprintf, .min = 1, .max = -1},
	{.name = NULL},
};
