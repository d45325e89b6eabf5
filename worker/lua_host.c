/*
 * lua_host.c: calls of the modules' members.
 *
 * A member is a closure over its description, the name that messages show, and, of objects, the
 * object. Failures that are values become nil and a message.
 */
#include "lua_host.h"

#include <string.h>

#include <lauxlib.h>

#include "lua_enum.h"
#include "lua_state.h"
#include "lua_value.h"

#define MEMBER lua_upvalueindex(1)
#define NAME   lua_upvalueindex(2)
#define OBJECT lua_upvalueindex(3)

static int
raise(lua_State *state, const WkHostCall *call)
{
	const char *name = lua_tostring(state, NAME);

	switch (call->failure)
	{
		case WK_FAILURE_TYPE:
			return luaL_error(state, "bad argument #%d to '%s' (%s expected, got %s)",
							  call->argument + 1, name, call->expected,
							  call->argument < call->n
								  ? wk_lua_traits.type_name(&call->args[call->argument])
								  : "no value");
		case WK_FAILURE_MEMORY:
			return luaL_error(state, "not enough memory");
		case WK_FAILURE_TEXT:
			break;
	}
	return luaL_error(state, "%s", call->text);
}

/* The first argument that counts: obj:method() passes the object, too. */
static int
first_argument(lua_State *state, bool is_method)
{
	return is_method && lua_rawequal(state, 1, OBJECT) ? 2 : 1;
}

static void
check_count(lua_State *state, const WkMember *member, int n)
{
	if (n < member->min)
		wk_lua_raise(state, "'%s' takes %s%d argument%s, got %d", lua_tostring(state, NAME),
					 member->max == member->min ? "" : "at least ", member->min,
					 member->min == 1 ? "" : "s", n);
	if (member->max >= 0 && n > member->max)
		wk_lua_raise(state, "'%s' takes %s%d argument%s, got %d", lua_tostring(state, NAME),
					 member->max == member->min ? "" : "at most ", member->max,
					 member->max == 1 ? "" : "s", n);
}

static int
call_member(lua_State *state)
{
	const WkMember *member = lua_touserdata(state, MEMBER);
	WkLua *lua = wk_lua_of(state);
	WkObject *object = wk_lua_object(state, OBJECT);
	int first = first_argument(state, object != NULL);
	int n = lua_gettop(state) - first + 1;
	WkValue *args;
	WkHostCall call;

	check_count(state, member, n);
	wk_lua_check_deadline(state);
	wk_host_reset(&lua->host);
	args = shc_arena_alloc(lua->host.arena, ((size_t) n + 1) * sizeof(WkValue));
	if (args == NULL)
		return luaL_error(state, "not enough memory");
	for (int i = 0; i < n; i++)
		args[i] = wk_lua_to_value(state, lua->host.arena, first + i);
	wk_call_begin(&call, &lua->host, member, object, args, n);
	if (!member->function(&call))
		return raise(state, &call);
	wk_lua_check_deadline(state);
	if (call.result.kind == WK_ERROR)
	{
		lua_pushnil(state);
		wk_lua_push_value(state, &call.result);
		return 2;
	}
	if (call.result.kind == WK_UNDEFINED && member->is_null)
		wk_lua_push_null(state);
	else
		wk_lua_push_value(state, &call.result);
	return 1;
}

int
wk_lua_push_method(lua_State *state, const WkMember *member, const char *type, int object)
{
	lua_pushvalue(state, object);
	lua_pushlightuserdata(state, (void *) member);
	lua_pushfstring(state, "%s.%s", type, member->name);
	lua_rotate(state, -3, 2);
	lua_pushcclosure(state, call_member, 3);
	return 1;
}

static void
push_members(lua_State *state, const WkMember *members, const char *path)
{
	lua_newtable(state);
	for (const WkMember *m = members; m->name != NULL; m++)
	{
		const char *name = lua_pushfstring(state, "%s.%s", path, m->name);

		if (m->members != NULL)
			push_members(state, m->members, name);
		else if (m->function == NULL)
			wk_lua_push_value(state, &m->constant);
		else
		{
			lua_pushlightuserdata(state, (void *) m);
			lua_pushvalue(state, -2);
			lua_pushcclosure(state, call_member, 2);
		}
		lua_setfield(state, -3, m->name);
		lua_pop(state, 1);
	}
}

/* json.array(t): t, which is an array from now on though it be empty. */
static int
json_array(lua_State *state)
{
	lua_settop(state, 1);
	if (lua_isnil(state, 1))
	{
		lua_newtable(state);
		lua_replace(state, 1);
	}
	luaL_checktype(state, 1, LUA_TTABLE);
	wk_lua_mark_array(state);
	return 1;
}

static void
add_own(lua_State *state, const char *module)
{
	if (strcmp(module, "json") != 0)
		return;
	wk_lua_push_null(state);
	lua_setfield(state, -2, "null");
	lua_pushcfunction(state, json_array);
	lua_setfield(state, -2, "array");
}

bool
wk_lua_push_module(lua_State *state, const char *name)
{
	const WkHostModule *module = wk_host_module(name);

	if (strcmp(name, "enum") == 0)
	{
		wk_lua_push_enum(state);
		return true;
	}
	if (module == NULL)
		return false;
	push_members(state, module->members, name);
	add_own(state, name);
	return true;
}
