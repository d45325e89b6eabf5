/*
 * settings.c: writes the configuration files.
 *
 * PostgreSQL asks the kernel who connects (peer): who started the stack is the owner, the account
 * of selfserv may also be its role. There is no password in any file.
 */
#include "settings.h"

#include <string.h>

#include "buf.h"
#include "conf.h"
#include "files.h"

#define MAX_TEXT ((size_t) 1024 * 1024)

static const char postgresql_conf[] =
	"# PostgreSQL of the Self-host in this folder. Written once by \"selfctl up\": edit it "
	"freely.\n"
	"# Where it listens and who may connect is set by selfctl, on the command line.\n"
	"max_connections = 200\n"
	"shared_buffers = 128MB\n"
	"log_line_prefix = '%m [%p] %q%u@%d '\n"
	"default_text_search_config = 'pg_catalog.english'\n";

static const char written_note[] = "# Written by \"selfctl up\" at every start.\n";

static const char domains_note[] =
	"# The domains of this stack. Written by selfctl: \"selfctl domain create\" adds one.\n";

/* For the account's eyes: through its group when it is not ours. */
static bool
write_for(const Account *account, const char *path, const ShcBuf *buf)
{
	return files_replace(path, buf->data, buf->len, account->is_other ? 0640 : 0600,
						 account->is_other ? account->gid : (gid_t) -1);
}

static bool
write_postgresql_conf(const Stack *stack, const Account *account)
{
	ShcBuf buf;
	bool ok;

	if (files_exist(stack->postgresql_conf))
		return true;
	shc_buf_init(&buf, MAX_TEXT);
	ok = shc_buf_puts(&buf, postgresql_conf) && write_for(account, stack->postgresql_conf, &buf);
	shc_buf_free(&buf);
	return ok;
}

static bool
write_hba(const Stack *stack, const Account *account)
{
	ShcBuf buf;
	bool ok;

	shc_buf_init(&buf, MAX_TEXT);
	shc_buf_puts(&buf, written_note);
	ok = shc_buf_puts(&buf, "local all all peer map=selfhost\n"
							"local replication all peer map=selfhost\n") &&
		 write_for(account, stack->hba_file, &buf);
	shc_buf_free(&buf);
	return ok;
}

static bool
write_ident(const Stack *stack, const Account *account)
{
	ShcBuf buf;
	bool ok;

	shc_buf_init(&buf, MAX_TEXT);
	shc_buf_puts(&buf, written_note);
	shc_buf_puts(&buf, "# map, user of the system, role\n");
	shc_buf_printf(&buf, "selfhost \"%s\" selfhost_gateway\n", account->name);
	shc_buf_printf(&buf, "selfhost \"%s\" selfhost_worker\n", account->name);
	shc_buf_printf(&buf, "selfhost \"%s\" %s\n", account->name, STACK_OWNER);
	/* Root may do everything here, also run a second selfserv beside the stack's own. */
	if (strcmp(account->name, "root") != 0)
		shc_buf_printf(&buf,
					   "selfhost root selfhost_gateway\nselfhost root selfhost_worker\n"
					   "selfhost root %s\n",
					   STACK_OWNER);
	ok = !buf.failed && write_for(account, stack->ident_file, &buf);
	shc_buf_free(&buf);
	return ok;
}

bool
settings_write_postgres(const Stack *stack, const Account *account)
{
	return write_postgresql_conf(stack, account) && write_hba(stack, account) &&
		   write_ident(stack, account);
}

/* Neither a name nor the folder of the socket has a character that YAML would quote. */
static void
put_domain(ShcBuf *buf, const Stack *stack, const char *name)
{
	shc_buf_printf(buf, "  \"%s\": host=%s port=%d dbname=%s user=selfhost_gateway\n", name,
				   stack->sockets, STACK_POSTGRES_PORT, name);
}

static bool
is_one_of(const char *name, const char *a, const char *b)
{
	return (a != NULL && strcmp(name, a) == 0) || (b != NULL && strcmp(name, b) == 0);
}

bool
settings_write_domains(const Stack *stack, const Account *account, const char *added,
					   const char *dropped)
{
	ShcDomains before = {0};
	ShcBuf buf;
	bool ok;

	if (files_exist(stack->domain_file) && !shc_domains_read(stack->domain_file, &before))
		return false;
	shc_buf_init(&buf, MAX_TEXT);
	shc_buf_puts(&buf, domains_note);
	shc_buf_puts(&buf, "domains:\n");
	put_domain(&buf, stack, stack->domain);
	for (int i = 0; i < before.n; i++)
	{
		if (!is_one_of(before.item[i].name, stack->domain, added) &&
			!is_one_of(before.item[i].name, dropped, NULL))
			put_domain(&buf, stack, before.item[i].name);
	}
	if (added != NULL)
		put_domain(&buf, stack, added);
	ok = !buf.failed && write_for(account, stack->domain_file, &buf);
	shc_buf_free(&buf);
	shc_domains_free(&before);
	return ok;
}

static void
put_path(ShcBuf *buf, const char *key, const char *path)
{
	shc_buf_printf(buf, "%s: ", key);
	shc_buf_json_string(buf, path, strlen(path));
	shc_buf_puts(buf, "\n");
}

bool
settings_write_selfserv(const Stack *stack, const Account *account, int port, const char *openapi,
						const char *page)
{
	ShcBuf buf;
	bool ok;

	shc_buf_init(&buf, MAX_TEXT);
	shc_buf_puts(&buf, written_note);
	shc_buf_puts(&buf, "# Other settings: selfctl up --set section.key=value\n");
	shc_buf_printf(&buf, "listen:\n  host: 127.0.0.1\n  port: %d\n", port);
	put_path(&buf, "domainfile", stack->domain_file);
	if (openapi != NULL)
		put_path(&buf, "openapi", openapi);
	if (page != NULL)
		put_path(&buf, "static", page);
	ok = !buf.failed && write_for(account, stack->selfserv_conf, &buf) &&
		 settings_write_domains(stack, account, NULL, NULL);
	shc_buf_free(&buf);
	return ok;
}

bool
settings_write_selfpwrk(const Stack *stack, const Account *account)
{
	ShcBuf buf;
	bool ok;

	shc_buf_init(&buf, MAX_TEXT);
	shc_buf_puts(&buf, written_note);
	shc_buf_puts(&buf, "# Other settings: selfctl up --worker-set section.key=value\n");
	put_path(&buf, "domainfile", stack->domain_file);
	/* The domain file names selfserv's role. */
	shc_buf_puts(&buf, "postgres:\n  user: selfhost_worker\n");
	ok = !buf.failed && write_for(account, stack->selfpwrk_conf, &buf);
	shc_buf_free(&buf);
	return ok;
}
