/*
 * lua_enum.c: the enum module. Functions get key and value; what is no table gives nil.
 */
#include "lua_enum.h"

#include <string.h>

#include <lauxlib.h>

/* clang-format off */
static const char source[] =
	"local type, next, ipairs, pairs = ...\n"
	"local enum = {}\n"
	/* Arrays in their order, maps in any. */
	"local function each(x)\n"
	"  if #x > 0 then return ipairs(x) end\n"
	"  return pairs(x)\n"
	"end\n"
	"function enum.all(x, fn)\n"
	"  if type(x) ~= 'table' then return nil end\n"
	"  for k, v in each(x) do if not fn(k, v) then return false end end\n"
	"  return true\n"
	"end\n"
	"function enum.any(x, fn)\n"
	"  if type(x) ~= 'table' then return nil end\n"
	"  for k, v in each(x) do if fn(k, v) then return true end end\n"
	"  return false\n"
	"end\n"
	"function enum.chunk(x, n)\n"
	"  if type(x) ~= 'table' or not n or n == 0 then return nil end\n"
	"  if n < 0 then error('enum.chunk: the size must be greater than 0', 2) end\n"
	"  local chunks, last = {}, nil\n"
	"  for i, v in ipairs(x) do\n"
	"    if (i - 1) % n == 0 then last = {} chunks[#chunks + 1] = last end\n"
	"    last[#last + 1] = v\n"
	"  end\n"
	"  return chunks\n"
	"end\n"
	"function enum.at(x, key)\n"
	"  if type(x) ~= 'table' or key == nil then return nil end\n"
	"  return x[key]\n"
	"end\n"
	"function enum.each(x, fn)\n"
	"  if type(x) ~= 'table' then return nil end\n"
	"  for k, v in each(x) do fn(k, v) end\n"
	"end\n"
	"function enum.filter(x, fn)\n"
	"  if type(x) ~= 'table' or (#x == 0 and next(x) ~= nil) then return nil end\n"
	"  local kept = {}\n"
	"  for i, v in ipairs(x) do if fn(i, v) then kept[#kept + 1] = v end end\n"
	"  return kept\n"
	"end\n"
	"function enum.find(x, fn)\n"
	"  if type(x) ~= 'table' then return nil end\n"
	"  for k, v in each(x) do if fn(k, v) then return v end end\n"
	"end\n"
	"function enum.find_key(x, fn)\n"
	"  if type(x) ~= 'table' then return nil end\n"
	"  for k, v in each(x) do if fn(k, v) then return k end end\n"
	"end\n"
	"function enum.map(x, fn)\n"
	"  if type(x) ~= 'table' then return nil end\n"
	"  local n, mapped = 0, {}\n"
	"  for k, v in each(x) do n = n + 1 mapped[n] = fn(k, v) end\n"
	"  return mapped\n"
	"end\n"
	"function enum.key(k) return k end\n"
	"function enum.value(_, v) return v end\n"
	"return enum\n";
/* clang-format on */

void
wk_lua_push_enum(lua_State *state)
{
	static const char *const used[] = {"type", "next", "ipairs", "pairs"};

	if (luaL_loadbufferx(state, source, strlen(source), "=enum", "t") != LUA_OK)
		lua_error(state);
	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++)
		lua_getglobal(state, used[i]);
	lua_call(state, sizeof(used) / sizeof(used[0]), 1);
}
