/*
 * child_pipe.c: the child's end of the run's socket.
 */
#include "child_pipe.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "passing.h"

void
wk_pipe_send(ShcBuf *buf)
{
	size_t sent = 0;

	if (buf->failed)
		_exit(WK_CHILD_NO_MEMORY);
	while (sent < buf->len)
	{
		ssize_t n = send(WK_CHILD_FD, buf->data + sent, buf->len - sent, MSG_NOSIGNAL);

		if (n <= 0 && errno != EINTR)
			_exit(WK_CHILD_NO_WORKER);
		sent += n > 0 ? (size_t) n : 0;
	}
	shc_buf_reset(buf);
}

static void
receive_all(ShcBuf *in, size_t len, int *fd)
{
	char data[65536];

	while (len > 0)
	{
		ssize_t n = wk_pass_receive(WK_CHILD_FD, data, len < sizeof(data) ? len : sizeof(data), fd);

		if (n <= 0)
			_exit(WK_CHILD_NO_WORKER);
		if (!shc_buf_append(in, data, (size_t) n))
			_exit(WK_CHILD_NO_MEMORY);
		len -= (size_t) n;
	}
}

WkFields
wk_pipe_receive(ShcBuf *in, WkFrameType type, int *fd)
{
	WkFrame frame;

	*fd = -1;
	shc_buf_reset(in);
	receive_all(in, WK_FRAME_HEAD, fd);
	if (wk_frame_find(in->data, in->len, false, &frame) == WK_FRAME_BAD || frame.type != type)
		_exit(WK_CHILD_NO_WORKER);
	receive_all(in, frame.len, fd);
	if (wk_frame_find(in->data, in->len, false, &frame) != WK_FRAME_WHOLE)
		_exit(WK_CHILD_NO_WORKER);
	return wk_fields(&frame);
}
