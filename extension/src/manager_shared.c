/*
 * manager_shared.c: the shared memory of the program manager.
 */
#include "sh_ext.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#include "manager_shared.h"

ShManagerShared *sh_manager = NULL;

static shmem_startup_hook_type previous_startup = NULL;
#if PG_VERSION_NUM >= 150000
static shmem_request_hook_type previous_request = NULL;
#endif

static void
request_memory(void)
{
#if PG_VERSION_NUM >= 150000
	if (previous_request != NULL)
		previous_request();
#endif
	RequestAddinShmemSpace(MAXALIGN(sizeof(ShManagerShared)));
	RequestNamedLWLockTranche("selfhost", 1);
}

/* In the postmaster, again after a crash of a backend: everything starts afresh. */
static void
start_memory(void)
{
	bool found;

	if (previous_startup != NULL)
		previous_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	sh_manager = ShmemInitStruct("selfhost manager", sizeof(ShManagerShared), &found);
	if (!found)
	{
		memset(sh_manager, 0, sizeof(ShManagerShared));
		sh_manager->lock = &GetNamedLWLockTranche("selfhost")->lock;
	}
	LWLockRelease(AddinShmemInitLock);
}

void
sh_manager_shared_init(void)
{
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = start_memory;
#if PG_VERSION_NUM >= 150000
	previous_request = shmem_request_hook;
	shmem_request_hook = request_memory;
#else
	request_memory();
#endif
}

ShManagedDatabase *
sh_manager_find(Oid oid)
{
	for (int i = 0; i < SH_MANAGER_DATABASES; i++)
	{
		if (sh_manager->database[i].oid == oid)
			return &sh_manager->database[i];
	}
	return NULL;
}

void
sh_manager_wake(Oid oid)
{
	ShManagedDatabase *database;

	LWLockAcquire(sh_manager->lock, LW_EXCLUSIVE);
	database = sh_manager_find(oid);
	if (database == NULL)
		sh_manager->scan = true;
	else
	{
		database->woken = true;
		database->due = 0;
	}
	if (sh_manager->launcher != NULL)
		SetLatch(sh_manager->launcher);
	LWLockRelease(sh_manager->lock);
}
