/*
 * test_pgx.c: that no connection string, and no piece of a password, gets into the log. Needs no server.
 */
#include "pgx.h"

#include <stdlib.h>
#include <unistd.h>

#include "capture.h"
#include "pgx_conninfo.h"
#include "tap.h"

/* The error of a connection that cannot be; NULL when there was one, or no error. */
static const char *
refused(const char *conninfo)
{
	ShcPg *pg = (ShcPg *) (void *) &pg;
	bool good;

	capture_start();
	good = shc_pg_connect(conninfo, 2, &pg);
	if (good)
		shc_pg_close(pg);
	capture_stop();
	if (!good && pg == NULL && capture_text[0] != '\0')
		return capture_text;
	printf("# connected or without a message: %s\n", capture_text);
	return NULL;
}

static void
test_invalid(void)
{
	static const char *const invalid[] = {
		"SECRET",
		"password=SECRET nonsense",
		"secrets=SECRET",
		"password='SECRET",
		"postgresql://user:SECRET@[::1/db",
		"postgresql://user:SECRET%@127.0.0.1/db",
		"postgresql://user:a@SECRET@127.0.0.1/db",
		"postgresql://user:SECRET/x@127.0.0.1/db",
		"postgresql://user:1/SECRET@127.0.0.1/db",
		"host=127.0.0.1 port=SECRET",
	};

	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
	{
		const char *message = refused(invalid[i]);

		ok(message != NULL && strstr(message, "the connection string is not valid") != NULL &&
			   strstr(message, "SECRET") == NULL,
		   "invalid: %s", invalid[i]);
	}
}

static void
test_unreachable(void)
{
	char directory[] = "/tmp/test_pgx.XXXXXX";
	char conninfo[200];
	const char *message;

	if (mkdtemp(directory) == NULL)
	{
		perror(directory);
		exit(1);
	}
	snprintf(conninfo, sizeof(conninfo), "host=%s user=u password=SECRET dbname=d@x", directory);
	message = refused(conninfo);
	ok(message != NULL && strstr(message, "cannot connect: ") != NULL, "no server is there");
	ok(message != NULL && strstr(message, directory) != NULL, "and where that was");
	ok(message != NULL && strstr(message, "SECRET") == NULL, "without the password");
	/* libpq lets a question mark stand in a password. */
	message = refused("postgresql://user:1?SECRET@127.0.0.1:1/db");
	ok(message != NULL && strstr(message, "SECRET") == NULL, "nor a password of a URI");
	rmdir(directory);
	shc_pg_close(NULL);
}

static void
is_edited(const char *conninfo, ShcPgEdit edit, const char *expected)
{
	char *edited;

	capture_start();
	edited = shc_pg_conninfo_edit(conninfo, &edit);
	capture_stop();
	if (expected == NULL)
		ok(edited == NULL && strstr(capture_text, "SECRET") == NULL, "refused: %s", conninfo);
	else
		is_str(edited, expected, conninfo);
	free(edited);
}

static void
test_edit(void)
{
	ShcPgEdit shown = {.keep = SHC_PG_KEEP_SHOWN};
	ShcPgEdit place = {.keep = SHC_PG_KEEP_PLACE, .dbname = "a b'c\\d", .user = "u"};
	ShcPgEdit all = {.keep = SHC_PG_KEEP_ALL, .dbname = "d", .host = "h", .port = "1"};

	is_edited("postgresql://u:SECRET@h:5433/d?sslpassword=SECRET", shown,
			  "user=u dbname=d host=h port=5433");
	is_edited("host=h options='-c x=SECRET' dbname='postgresql://u:SECRET@h/d'", shown, "host=h");
	is_edited("host=h user=v password=SECRET service=s passfile=/x", place,
			  "user=u dbname='a b\\'c\\\\d' host=h");
	is_edited("user=v password='s x'", all, "user=v password='s x' dbname=d host=h port=1");
	is_edited("hostaddr=127.0.0.1", all, "dbname=d hostaddr=127.0.0.1");
	is_edited("host=g port=2", all, "dbname=d host=g port=2");
	is_edited("password=SECRET", shown, NULL);
	is_edited("postgresql://u:a@SECRET@h/d", shown, NULL);
}

int
main(void)
{
	test_edit();
	test_invalid();
	test_unreachable();
	return done_testing();
}
