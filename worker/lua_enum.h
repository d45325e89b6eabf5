/*
 * lua_enum.h: the enum module, which calls functions of the program and so is written in Lua.
 */
#ifndef SH_WORKER_LUA_ENUM_H
#define SH_WORKER_LUA_ENUM_H

#include <lua.h>

/* Pushes the module's table. Raises. */
extern void wk_lua_push_enum(lua_State *state);

#endif
