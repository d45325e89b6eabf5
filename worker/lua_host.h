/*
 * lua_host.h: the modules of the host as tables of Lua.
 */
#ifndef SH_WORKER_LUA_HOST_H
#define SH_WORKER_LUA_HOST_H

#include <lua.h>

#include "host_value.h"

/* Pushes the module's table. False: there is none of that name, and nothing is pushed. */
extern bool wk_lua_push_module(lua_State *state, const char *name);

/* Pushes the member as a function bound to the object at an index; returns 1. */
extern int
wk_lua_push_method(lua_State *state, const WkMember *member, const char *type, int object);

#endif
