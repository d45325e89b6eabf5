/*
 * lua_language.h: Lua 5.4 as a language of programs.
 */
#ifndef SH_WORKER_LUA_LANGUAGE_H
#define SH_WORKER_LUA_LANGUAGE_H

#include "language.h"

extern const WkLanguage wk_lua;

#endif
