/*
 * zygote_message.c: messages between worker and zygote, with descriptors.
 */
#include "zygote.h"

#include <errno.h>
#include <unistd.h>

#include "passing.h"

int
wk_zygote_send(int socket, const WkZygoteMessage *message, int fd)
{
	ssize_t n;

	do
		n = wk_pass_send(socket, message, sizeof(*message), fd);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t) sizeof(*message);
}

int
wk_zygote_receive(int socket, WkZygoteMessage *message, int *fd)
{
	ssize_t n;

	*fd = -1;
	n = wk_pass_receive(socket, message, sizeof(*message), fd);
	if (n <= 0)
		return (int) n;
	if (n == (ssize_t) sizeof(*message))
		return 1;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = EPROTO;
	return -1;
}
