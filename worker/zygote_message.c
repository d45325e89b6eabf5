/*
 * zygote_message.c: messages between worker and zygote, with descriptors.
 */
#include "zygote.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

typedef union Control
{
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
} Control;

int
wk_zygote_send(int socket, const WkZygoteMessage *message, int fd)
{
	struct iovec part = {.iov_base = (void *) message, .iov_len = sizeof(*message)};
	struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
	Control control = {{0}};
	ssize_t n;

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
	do
		n = sendmsg(socket, &head, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t) sizeof(*message);
}

int
wk_zygote_receive(int socket, WkZygoteMessage *message, int *fd)
{
	struct iovec part = {.iov_base = message, .iov_len = sizeof(*message)};
	Control control = {{0}};
	struct msghdr head = {.msg_iov = &part,
						  .msg_iovlen = 1,
						  .msg_control = control.space,
						  .msg_controllen = sizeof(control.space)};
	struct cmsghdr *c;
	ssize_t n;

	*fd = -1;
	do
		n = recvmsg(socket, &head, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return (int) n;
	c = CMSG_FIRSTHDR(&head);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	if (n == (ssize_t) sizeof(*message))
		return 1;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = EPROTO;
	return -1;
}
