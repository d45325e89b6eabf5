/*
 * passing.c: one descriptor at a time.
 */
#include "passing.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

typedef union Control
{
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
} Control;

ssize_t
wk_pass_send(int socket, const void *data, size_t len, int fd)
{
	struct iovec part = {.iov_base = (void *) data, .iov_len = len};
	struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
	Control control = {{0}};

	if (fd >= 0)
	{
		struct cmsghdr *c;

		head.msg_control = control.space;
		head.msg_controllen = sizeof(control.space);
		c = CMSG_FIRSTHDR(&head);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	return sendmsg(socket, &head, MSG_NOSIGNAL);
}

ssize_t
wk_pass_receive(int socket, void *data, size_t len, int *fd)
{
	struct iovec part = {.iov_base = data, .iov_len = len};
	Control control = {{0}};
	struct msghdr head = {.msg_iov = &part,
						  .msg_iovlen = 1,
						  .msg_control = control.space,
						  .msg_controllen = sizeof(control.space)};
	const struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(socket, &head, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n;
	c = CMSG_FIRSTHDR(&head);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	return n;
}
