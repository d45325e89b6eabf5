/*
 * lua_value.h: values of Lua and values of the modules.
 *
 * A table whose keys are whole numbers from 1 to its length is an array (with null where it has
 * holes), or the empty one that json.array() or json.decode() made; other tables are maps, whose
 * numbers become texts. json.null stands for null inside of tables.
 */
#ifndef SH_WORKER_LUA_VALUE_H
#define SH_WORKER_LUA_VALUE_H

#include <lua.h>

#include "host_value.h"

extern const WkTraits wk_lua_traits;

/* Once for a state: the metatables of times, objects, null and empty arrays. */
extern void wk_lua_open_values(lua_State *state);

/* Texts are borrowed from the stack, containers lie in the arena. Raises. */
extern WkValue wk_lua_to_value(lua_State *state, ShcArena *arena, int index);

/* undefined is nil here, and json.null inside of containers. */
extern void wk_lua_push_value(lua_State *state, const WkValue *value);

extern void wk_lua_push_null(lua_State *state);

/* Makes the table on the top an array even if it is empty. */
extern void wk_lua_mark_array(lua_State *state);

/* The object at an index, NULL when it is none. */
extern WkObject *wk_lua_object(lua_State *state, int index);

#endif
