/*
 * child_pipe.c: the child's end of the run's socket.
 */
#include "child_pipe.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "child.h"

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

/* Receives up to len bytes, and a descriptor if one comes with them. */
static size_t
receive(char *data, size_t len, int *fd)
{
	union
	{
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = {.iov_base = data, .iov_len = len};
	struct msghdr head = {.msg_iov = &part,
						  .msg_iovlen = 1,
						  .msg_control = control.space,
						  .msg_controllen = sizeof(control.space)};
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(WK_CHILD_FD, &head, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		_exit(WK_CHILD_NO_WORKER);
	c = CMSG_FIRSTHDR(&head);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	return (size_t) n;
}

static void
receive_all(ShcBuf *in, size_t len, int *fd)
{
	char data[65536];

	while (len > 0)
	{
		size_t n = receive(data, len < sizeof(data) ? len : sizeof(data), fd);

		if (!shc_buf_append(in, data, n))
			_exit(WK_CHILD_NO_MEMORY);
		len -= n;
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
