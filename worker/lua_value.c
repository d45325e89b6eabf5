/*
 * lua_value.c: values of Lua and values of the modules.
 */
#include "lua_value.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "host_time.h"
#include "lua_host.h"
#include "lua_state.h"

#define TIME_TYPE	"time"
#define OBJECT_TYPE "selfhost.object"
#define ARRAY_TYPE	"selfhost.array"

static const char *
type_name(const WkValue *value)
{
	static const char *const names[] = {
		[WK_UNDEFINED] = "nil", [WK_BOOL] = "boolean",	[WK_INT] = "integer",  [WK_FLOAT] = "float",
		[WK_CHAR] = "integer",	[WK_STRING] = "string", [WK_BYTES] = "string", [WK_ARRAY] = "table",
		[WK_MAP] = "table",		[WK_TIME] = "time",		[WK_ERROR] = "error"};

	if (value->kind == WK_OBJECT)
		return value->object->type->name;
	return value->kind == WK_OTHER ? value->type : names[value->kind];
}

const WkTraits wk_lua_traits = {
	.type_name = type_name, .is_container_text = false, .client = "Selfhost-lua-client/1.0"};

/* ---- from Lua ---- */

static WkValue to_value(lua_State *state, ShcArena *arena, int index, int depth);

static void *
allocate(lua_State *state, ShcArena *arena, size_t n, size_t size)
{
	void *memory = n < SIZE_MAX / size - 1 ? shc_arena_alloc(arena, (n + 1) * size) : NULL;

	if (memory == NULL)
		wk_lua_raise(state, "not enough memory");
	return memory;
}

/* Whether the table is an array; *count: its entries. */
static bool
is_array(lua_State *state, int index, size_t *count)
{
	lua_Unsigned len = lua_rawlen(state, index);
	bool good = true;

	*count = 0;
	lua_pushnil(state);
	while (lua_next(state, index) != 0)
	{
		lua_pop(state, 1);
		good = good && lua_isinteger(state, -1) && lua_tointeger(state, -1) >= 1 &&
			   (lua_Unsigned) lua_tointeger(state, -1) <= len;
		(*count)++;
	}
	if (*count > 0 || !lua_getmetatable(state, index))
		return good && *count > 0;
	luaL_getmetatable(state, ARRAY_TYPE);
	good = lua_rawequal(state, -1, -2);
	lua_pop(state, 2);
	return good;
}

static WkValue
to_array(lua_State *state, ShcArena *arena, int index, int depth)
{
	WkValue value = {.kind = WK_ARRAY};

	value.array.n = (size_t) lua_rawlen(state, index);
	value.array.items = allocate(state, arena, value.array.n, sizeof(WkValue));
	for (size_t i = 0; i < value.array.n; i++)
	{
		lua_rawgeti(state, index, (lua_Integer) i + 1);
		value.array.items[i] = to_value(state, arena, lua_gettop(state), depth + 1);
		/* What it points to stays in the table, which is not changed meanwhile. */
		lua_pop(state, 1);
	}
	return value;
}

/* A key as text: what lua_tolstring() makes of a number must not be put into the table. */
static void
take_key(lua_State *state, ShcArena *arena, WkEntry *entry)
{
	if (lua_type(state, -2) == LUA_TSTRING)
	{
		entry->key = lua_tolstring(state, -2, &entry->key_len);
		return;
	}
	if (lua_type(state, -2) != LUA_TNUMBER)
		wk_lua_raise(state, "keys of a table must be texts or numbers, not %s",
					 luaL_typename(state, -2));
	lua_pushvalue(state, -2);
	entry->key = lua_tolstring(state, -1, &entry->key_len);
	entry->key = shc_arena_strndup(arena, entry->key, entry->key_len);
	if (entry->key == NULL)
		wk_lua_raise(state, "not enough memory");
	lua_pop(state, 1);
}

static int
compare_entries(const void *a, const void *b)
{
	const WkEntry *x = a;
	const WkEntry *y = b;
	int order = memcmp(x->key, y->key, x->key_len < y->key_len ? x->key_len : y->key_len);

	return order != 0 ? order : x->key_len < y->key_len ? -1 : x->key_len > y->key_len;
}

/* Sorted by key, so that the same table always has the same text. */
static WkValue
to_map(lua_State *state, ShcArena *arena, int index, size_t count, int depth)
{
	WkValue value = {.kind = WK_MAP};

	value.map.entries = allocate(state, arena, count, sizeof(WkEntry));
	lua_pushnil(state);
	while (lua_next(state, index) != 0)
	{
		WkEntry *entry = &value.map.entries[value.map.n++];

		take_key(state, arena, entry);
		entry->value = to_value(state, arena, lua_gettop(state), depth + 1);
		lua_pop(state, 1);
	}
	qsort(value.map.entries, value.map.n, sizeof(WkEntry), compare_entries);
	return value;
}

static WkValue
to_container(lua_State *state, ShcArena *arena, int index, int depth)
{
	size_t count;

	if (depth >= WK_DEPTH_MAX)
		wk_lua_raise(state, "a table is nested too deeply, or in itself");
	luaL_checkstack(state, 8, "a table is nested too deeply");
	if (is_array(state, index, &count))
		return to_array(state, arena, index, depth);
	return to_map(state, arena, index, count, depth);
}

static WkValue
to_value(lua_State *state, ShcArena *arena, int index, int depth)
{
	WkValue value = {.kind = WK_OTHER};
	const WkTime *time;

	switch (lua_type(state, index))
	{
		case LUA_TNONE:
		case LUA_TNIL:
			return (WkValue){.kind = WK_UNDEFINED};
		case LUA_TBOOLEAN:
			return (WkValue){.kind = WK_BOOL, .boolean = lua_toboolean(state, index)};
		case LUA_TNUMBER:
			if (lua_isinteger(state, index))
				return (WkValue){.kind = WK_INT, .integer = lua_tointeger(state, index)};
			return (WkValue){.kind = WK_FLOAT, .number = lua_tonumber(state, index)};
		case LUA_TSTRING:
			value.kind = WK_STRING;
			value.text.data = lua_tolstring(state, index, &value.text.len);
			return value;
		case LUA_TTABLE:
			return to_container(state, arena, index, depth);
		case LUA_TLIGHTUSERDATA:
			return (WkValue){.kind = WK_UNDEFINED};
		case LUA_TUSERDATA:
			time = luaL_testudata(state, index, TIME_TYPE);
			if (time != NULL)
				return (WkValue){.kind = WK_TIME, .time = *time};
			value.object = wk_lua_object(state, index);
			if (value.object != NULL)
			{
				value.kind = WK_OBJECT;
				return value;
			}
			break;
		default:
			break;
	}
	value.type = luaL_typename(state, index);
	return value;
}

WkValue
wk_lua_to_value(lua_State *state, ShcArena *arena, int index)
{
	return to_value(state, arena, index, 0);
}

WkObject *
wk_lua_object(lua_State *state, int index)
{
	WkObject **object = luaL_testudata(state, index, OBJECT_TYPE);

	return object != NULL ? *object : NULL;
}

/* ---- to Lua ---- */

void
wk_lua_push_null(lua_State *state)
{
	lua_pushlightuserdata(state, NULL);
}

void
wk_lua_mark_array(lua_State *state)
{
	luaL_getmetatable(state, ARRAY_TYPE);
	lua_setmetatable(state, -2);
}

static void
push_element(lua_State *state, const WkValue *value)
{
	if (value->kind == WK_UNDEFINED)
		wk_lua_push_null(state);
	else
		wk_lua_push_value(state, value);
}

static void
push_array(lua_State *state, const WkValue *value)
{
	size_t n = value->array.n;

	luaL_checkstack(state, 4, "a value is nested too deeply");
	lua_createtable(state, n < INT32_MAX ? (int) n : 0, 0);
	for (size_t i = 0; i < n; i++)
	{
		push_element(state, &value->array.items[i]);
		lua_rawseti(state, -2, (lua_Integer) i + 1);
	}
	if (n == 0)
		wk_lua_mark_array(state);
}

static void
push_map(lua_State *state, const WkValue *value)
{
	size_t n = value->map.n;

	luaL_checkstack(state, 4, "a value is nested too deeply");
	lua_createtable(state, 0, n < INT32_MAX ? (int) n : 0);
	for (size_t i = 0; i < n; i++)
	{
		lua_pushlstring(state, value->map.entries[i].key, value->map.entries[i].key_len);
		push_element(state, &value->map.entries[i].value);
		lua_rawset(state, -3);
	}
}

static void
push_time(lua_State *state, const WkTime *time)
{
	*(WkTime *) lua_newuserdatauv(state, sizeof(WkTime), 0) = *time;
	luaL_setmetatable(state, TIME_TYPE);
}

/* Without memory for Lua's half, the object goes with the state. */
static void
push_object(lua_State *state, WkObject *object)
{
	WkObject **own = lua_newuserdatauv(state, sizeof(WkObject *), 0);

	*own = object;
	luaL_setmetatable(state, OBJECT_TYPE);
}

void
wk_lua_push_value(lua_State *state, const WkValue *value)
{
	switch (value->kind)
	{
		case WK_UNDEFINED:
		case WK_OTHER:
			lua_pushnil(state);
			break;
		case WK_BOOL:
			lua_pushboolean(state, value->boolean);
			break;
		case WK_INT:
		case WK_CHAR:
			lua_pushinteger(state, value->integer);
			break;
		case WK_FLOAT:
			lua_pushnumber(state, value->number);
			break;
		case WK_STRING:
		case WK_BYTES:
		case WK_ERROR:
			lua_pushlstring(state, value->text.data, value->text.len);
			break;
		case WK_ARRAY:
			push_array(state, value);
			break;
		case WK_MAP:
			push_map(state, value);
			break;
		case WK_TIME:
			push_time(state, &value->time);
			break;
		case WK_OBJECT:
			push_object(state, value->object);
			break;
	}
}

/* ---- what times and objects can do ---- */

static int
time_compare(lua_State *state)
{
	return wk_time_compare(luaL_checkudata(state, 1, TIME_TYPE),
						   luaL_checkudata(state, 2, TIME_TYPE));
}

static int
time_equal(lua_State *state)
{
	bool both =
		luaL_testudata(state, 1, TIME_TYPE) != NULL && luaL_testudata(state, 2, TIME_TYPE) != NULL;

	lua_pushboolean(state, both && time_compare(state) == 0);
	return 1;
}

static int
time_less(lua_State *state)
{
	lua_pushboolean(state, time_compare(state) < 0);
	return 1;
}

static int
time_less_equal(lua_State *state)
{
	lua_pushboolean(state, time_compare(state) <= 0);
	return 1;
}

/* time + nanoseconds, nanoseconds + time */
static int
time_add(lua_State *state)
{
	int at = luaL_testudata(state, 1, TIME_TYPE) != NULL ? 1 : 2;
	const WkTime *time = luaL_checkudata(state, at, TIME_TYPE);
	WkTime sum = wk_time_add(*time, luaL_checkinteger(state, 3 - at));

	push_time(state, &sum);
	return 1;
}

/* time - nanoseconds is a time, time - time is nanoseconds */
static int
time_subtract(lua_State *state)
{
	const WkTime *time = luaL_checkudata(state, 1, TIME_TYPE);
	const WkTime *other = luaL_testudata(state, 2, TIME_TYPE);
	lua_Integer duration;
	WkTime result;

	if (other != NULL)
	{
		lua_pushinteger(state, wk_time_difference(time, other));
		return 1;
	}
	duration = luaL_checkinteger(state, 2);
	result = duration == INT64_MIN ? wk_time_add(wk_time_add(*time, INT64_MAX), 1)
								   : wk_time_add(*time, -duration);
	push_time(state, &result);
	return 1;
}

static int
time_to_string(lua_State *state)
{
	const WkTime *time = luaL_checkudata(state, 1, TIME_TYPE);
	ShcBuf text;

	shc_buf_init(&text, 200);
	wk_time_append_string(&text, time);
	lua_pushlstring(state, text.data, text.len);
	shc_buf_free(&text);
	return 1;
}

static int
object_free(lua_State *state)
{
	WkObject **object = luaL_testudata(state, 1, OBJECT_TYPE);

	if (object != NULL && *object != NULL)
		wk_object_free(&wk_lua_of(state)->host, *object);
	if (object != NULL)
		*object = NULL;
	return 0;
}

static int
object_index(lua_State *state)
{
	WkObject *object = wk_lua_object(state, 1);
	const char *name = lua_tostring(state, 2);

	if (object != NULL && name != NULL)
		for (const WkMember *m = object->type->members; m->name != NULL; m++)
			if (strcmp(m->name, name) == 0)
				return wk_lua_push_method(state, m, object->type->name, 1);
	lua_pushnil(state);
	return 1;
}

static int
null_to_string(lua_State *state)
{
	lua_pushliteral(state, "null");
	return 1;
}

static void
new_type(lua_State *state, const char *name, const luaL_Reg *functions)
{
	luaL_newmetatable(state, name);
	luaL_setfuncs(state, functions, 0);
	/* Programs do not get at it. */
	lua_pushboolean(state, 0);
	lua_setfield(state, -2, "__metatable");
}

void
wk_lua_open_values(lua_State *state)
{
	static const luaL_Reg times[] = {
		{"__eq", time_equal}, {"__lt", time_less},		{"__le", time_less_equal},
		{"__add", time_add},  {"__sub", time_subtract}, {"__tostring", time_to_string},
		{NULL, NULL},
	};
	static const luaL_Reg objects[] = {
		{"__gc", object_free},
		{"__index", object_index},
		{NULL, NULL},
	};
	static const luaL_Reg null[] = {{"__tostring", null_to_string}, {NULL, NULL}};
	static const luaL_Reg none[] = {{NULL, NULL}};

	new_type(state, TIME_TYPE, times);
	new_type(state, OBJECT_TYPE, objects);
	luaL_newmetatable(state, ARRAY_TYPE);
	luaL_setfuncs(state, none, 0);
	wk_lua_push_null(state);
	new_type(state, "null", null);
	lua_setmetatable(state, -2);
	lua_pop(state, 4);
}
