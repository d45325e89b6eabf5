/*
 * lua_modules.h: import() and require(): modules that are built in, and signed module programs.
 */
#ifndef SH_WORKER_LUA_MODULES_H
#define SH_WORKER_LUA_MODULES_H

#include <lua.h>

/* Defines import and require. */
extern void wk_lua_open_modules(lua_State *state);

#endif
