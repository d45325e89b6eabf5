/*
 * host_http_trust.c: the certificates that programs' HTTPS trusts.
 *
 * Where libcurl uses OpenSSL, they are parsed here and each connection gets a reference. With another
 * library below libcurl, it gets their text and parses it itself.
 */
#include "host_http_trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#define TEXT_MAX ((size_t) 8 * 1024 * 1024)

/* One of them, or neither. */
static X509_STORE *store;
static char *text;
static size_t text_len;

static void
forget(void)
{
	X509_STORE_free(store);
	store = NULL;
	free(text);
	text = NULL;
	text_len = 0;
}

static bool
read_text(const char *path)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return false;
	text = malloc(TEXT_MAX);
	if (text != NULL)
	{
		errno = 0;
		text_len = fread(text, 1, TEXT_MAX, file);
		if (text_len == TEXT_MAX)
		{
			errno = EFBIG;
			text_len = 0;
		}
	}
	fclose(file);
	return text_len > 0;
}

/* Makes the store out of the text. False: there is no certificate in it, or no memory. */
static bool
parse_text(void)
{
	BIO *bio = BIO_new_mem_buf(text, (int) text_len);
	STACK_OF(X509_INFO) *all = bio != NULL ? PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL) : NULL;
	int n = 0;

	store = X509_STORE_new();
	for (int i = 0; store != NULL && all != NULL && i < sk_X509_INFO_num(all); i++)
	{
		X509 *certificate = sk_X509_INFO_value(all, i)->x509;

		if (certificate != NULL && X509_STORE_add_cert(store, certificate))
			n++;
	}
	/* As libcurl has it: who signs for others may be trusted without who has signed for him. */
	if (store != NULL)
		X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
	sk_X509_INFO_pop_free(all, X509_INFO_free);
	BIO_free(bio);
	ERR_clear_error();
	return n > 0;
}

static bool
is_openssl(void)
{
	const char *name = curl_version_info(CURLVERSION_NOW)->ssl_version;

	return name != NULL && strncmp(name, "OpenSSL/3", strlen("OpenSSL/3")) == 0;
}

bool
wk_trust_load(const char *path)
{
	bool good;

	forget();
	good = read_text(path);
	if (good && is_openssl())
	{
		errno = 0;
		good = parse_text();
		free(text);
		text = NULL;
	}
	if (!good)
		forget();
	return good;
}

static CURLcode
give_store(CURL *easy, void *context, void *unused)
{
	(void) easy;
	(void) unused;
	if (!X509_STORE_up_ref(store))
		return CURLE_OUT_OF_MEMORY;
	SSL_CTX_set_cert_store(context, store);
	return CURLE_OK;
}

void
wk_trust_use(CURL *easy)
{
	struct curl_blob blob = {.data = text, .len = text_len, .flags = CURL_BLOB_NOCOPY};

	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	if (text != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, store != NULL ? give_store : NULL);
}
