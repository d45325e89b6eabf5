/*
 * tls.c: the certificate that HTTPS connections show.
 *
 * A handshake may be using a certificate while another is loaded, and nobody tells when it is done:
 * the replaced ones are kept until the process ends. They are small, and replaced some times a year.
 */
#include "tls.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define MAX_CHAIN 16

typedef struct Identity
{
	struct Identity *replaced;
	gnutls_pcert_st chain[MAX_CHAIN];
	unsigned length;
	gnutls_privkey_t key;
} Identity;

static _Atomic(Identity *) current;

static void
free_identity(Identity *identity)
{
	for (unsigned i = 0; i < identity->length; i++)
		gnutls_pcert_deinit(&identity->chain[i]);
	if (identity->key != NULL)
		gnutls_privkey_deinit(identity->key);
	free(identity);
}

static bool
complain(const char *file, int error)
{
	shc_error("%s: %s", file, gnutls_strerror(error));
	return false;
}

static bool
read_chain(Identity *identity, const char *file)
{
	gnutls_datum_t pem = {NULL, 0};
	int error = gnutls_load_file(file, &pem);

	if (error != 0)
		return complain(file, error);
	identity->length = MAX_CHAIN;
	error = gnutls_pcert_list_import_x509_raw(identity->chain, &identity->length, &pem,
											  GNUTLS_X509_FMT_PEM, 0);
	gnutls_free(pem.data);
	if (error == 0 && identity->length > 0)
		return true;
	identity->length = 0;
	return complain(file, error != 0 ? error : GNUTLS_E_NO_CERTIFICATE_FOUND);
}

static bool
read_key(Identity *identity, const char *file)
{
	gnutls_datum_t pem = {NULL, 0};
	int error = gnutls_load_file(file, &pem);

	if (error != 0)
		return complain(file, error);
	error = gnutls_privkey_init(&identity->key);
	if (error == 0)
		error = gnutls_privkey_import_x509_raw(identity->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return error == 0 || complain(file, error);
}

/* Do the key and the first certificate belong together? */
static bool
is_pair(const Identity *identity, const char *file)
{
	unsigned char of_certificate[64];
	unsigned char of_key[64];
	size_t certificate_size = sizeof(of_certificate);
	size_t key_size = sizeof(of_key);
	gnutls_pubkey_t public = NULL;
	bool good;

	good = gnutls_pubkey_init(&public) == 0 &&
		   gnutls_pubkey_import_privkey(public, identity->key, 0, 0) == 0 &&
		   gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, of_key, &key_size) == 0 &&
		   gnutls_pubkey_get_key_id(identity->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256,
									of_certificate, &certificate_size) == 0 &&
		   key_size == certificate_size && memcmp(of_key, of_certificate, key_size) == 0;
	if (public != NULL)
		gnutls_pubkey_deinit(public);
	if (!good)
		shc_error("%s: is not the key of the certificate", file);
	return good;
}

bool
gw_tls_load(const char *certificate_file, const char *key_file)
{
	Identity *identity = calloc(1, sizeof(Identity));

	if (identity == NULL)
	{
		shc_error("out of memory");
		return false;
	}
	if (!read_chain(identity, certificate_file) || !read_key(identity, key_file) ||
		!is_pair(identity, key_file))
	{
		free_identity(identity);
		return false;
	}
	identity->replaced = atomic_load(&current);
	atomic_store(&current, identity);
	return true;
}

void
gw_tls_unload(void)
{
	Identity *identity = atomic_exchange(&current, NULL);

	while (identity != NULL)
	{
		Identity *next = identity->replaced;

		free_identity(identity);
		identity = next;
	}
}

int
gw_tls_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int nauthorities,
				   const gnutls_pk_algorithm_t *algorithms, int nalgorithms,
				   gnutls_pcert_st **chain, unsigned *length, gnutls_privkey_t *key)
{
	Identity *identity = atomic_load(&current);

	(void) session;
	(void) authorities;
	(void) nauthorities;
	(void) algorithms;
	(void) nalgorithms;
	if (identity == NULL)
		return -1;
	*chain = identity->chain;
	*length = identity->length;
	*key = identity->key;
	return 0;
}
