/*
 * host_math.c: the math module: the C library's functions, and constants.
 */
#include "host_math.h"

#include <float.h>
#include <math.h>

/* A member of one float argument and a float result. */
#define OF_ONE(name, expression)                                               \
	static bool math_##name(WkHostCall *call)                                  \
	{                                                                          \
		double x;                                                              \
                                                                               \
		return wk_arg_float(call, 0, &x) && wk_return_float(call, expression); \
	}

#define OF_TWO(name, expression)                                         \
	static bool math_##name(WkHostCall *call)                            \
	{                                                                    \
		double x;                                                        \
		double y;                                                        \
                                                                         \
		return wk_arg_float(call, 0, &x) && wk_arg_float(call, 1, &y) && \
			   wk_return_float(call, expression);                        \
	}

static double
larger(double x, double y)
{
	if (isnan(x) || isnan(y))
		return isinf(x) && x > 0 ? x : isinf(y) && y > 0 ? y : NAN;
	if (x == 0 && y == 0)
		return signbit(x) ? y : x;
	return x > y ? x : y;
}

static double
smaller(double x, double y)
{
	return -larger(-x, -y);
}

/* clang-format off */
OF_ONE(abs, fabs(x))
OF_ONE(acos, acos(x))
OF_ONE(acosh, acosh(x))
OF_ONE(asin, asin(x))
OF_ONE(asinh, asinh(x))
OF_ONE(atan, atan(x))
OF_ONE(atanh, atanh(x))
OF_ONE(cbrt, cbrt(x))
OF_ONE(ceil, ceil(x))
OF_ONE(cos, cos(x))
OF_ONE(cosh, cosh(x))
OF_ONE(erf, erf(x))
OF_ONE(erfc, erfc(x))
OF_ONE(exp, exp(x))
OF_ONE(exp2, exp2(x))
OF_ONE(expm1, expm1(x))
OF_ONE(floor, floor(x))
OF_ONE(gamma, tgamma(x))
OF_ONE(j0, j0(x))
OF_ONE(j1, j1(x))
OF_ONE(log, log(x))
OF_ONE(log10, log10(x))
OF_ONE(log1p, log1p(x))
OF_ONE(log2, log2(x))
OF_ONE(logb, logb(x))
OF_ONE(sin, sin(x))
OF_ONE(sinh, sinh(x))
OF_ONE(sqrt, sqrt(x))
OF_ONE(tan, tan(x))
OF_ONE(tanh, tanh(x))
OF_ONE(trunc, trunc(x))
OF_ONE(y0, y0(x))
OF_ONE(y1, y1(x))
OF_TWO(atan2, atan2(x, y))
OF_TWO(copysign, copysign(x, y))
OF_TWO(dim, fdim(x, y))
OF_TWO(hypot, hypot(x, y))
OF_TWO(max, larger(x, y))
OF_TWO(min, smaller(x, y))
OF_TWO(mod, fmod(x, y))
OF_TWO(nextafter, nextafter(x, y))
OF_TWO(pow, pow(x, y))
OF_TWO(remainder, remainder(x, y))
/* clang-format on */

static bool
math_ilogb(WkHostCall *call)
{
	double x;

	if (!wk_arg_float(call, 0, &x))
		return false;
	if (x == 0)
		return wk_return_int(call, INT32_MIN);
	return wk_return_int(call, isfinite(x) ? ilogb(x) : INT32_MAX);
}

static bool
math_is_nan(WkHostCall *call)
{
	double x;

	return wk_arg_float(call, 0, &x) && wk_return_bool(call, isnan(x));
}

static bool
math_signbit(WkHostCall *call)
{
	double x;

	return wk_arg_float(call, 0, &x) && wk_return_bool(call, signbit(x) != 0);
}

static bool
math_is_inf(WkHostCall *call)
{
	double x;
	int64_t sign;

	return wk_arg_float(call, 0, &x) && wk_arg_int(call, 1, &sign) &&
		   wk_return_bool(call, isinf(x) && (sign == 0 || (sign > 0) == (x > 0)));
}

static int
as_int(int64_t n)
{
	return n > INT32_MAX ? INT32_MAX : n < INT32_MIN ? INT32_MIN : (int) n;
}

/* Bessel functions of a high order take as long as the order says. */
static int
as_order(int64_t n)
{
	return n > 10000 ? 10000 : n < -10000 ? -10000 : (int) n;
}

static bool
math_ldexp(WkHostCall *call)
{
	double x;
	int64_t n;

	return wk_arg_float(call, 0, &x) && wk_arg_int(call, 1, &n) &&
		   wk_return_float(call, ldexp(x, as_int(n)));
}

static bool
math_jn(WkHostCall *call)
{
	int64_t n;
	double x;

	return wk_arg_int(call, 0, &n) && wk_arg_float(call, 1, &x) &&
		   wk_return_float(call, jn(as_order(n), x));
}

static bool
math_yn(WkHostCall *call)
{
	int64_t n;
	double x;

	return wk_arg_int(call, 0, &n) && wk_arg_float(call, 1, &x) &&
		   wk_return_float(call, yn(as_order(n), x));
}

static bool
math_inf(WkHostCall *call)
{
	int64_t sign;

	return wk_arg_int(call, 0, &sign) && wk_return_float(call, sign >= 0 ? INFINITY : -INFINITY);
}

static bool
math_nan(WkHostCall *call)
{
	return wk_return_float(call, NAN);
}

static bool
math_pow10(WkHostCall *call)
{
	int64_t n;

	return wk_arg_int(call, 0, &n) && wk_return_float(call, n > 308	   ? INFINITY
															: n < -323 ? 0
																	   : pow(10, (double) n));
}

#define FLOAT(n, v)                                                 \
	{                                                               \
		.name = (n), .constant = {.kind = WK_FLOAT, .number = (v) } \
	}
#define INT(n, v)                                                  \
	{                                                              \
		.name = (n), .constant = {.kind = WK_INT, .integer = (v) } \
	}
#define MEMBER(n, count)                                                 \
	{                                                                    \
		.name = #n, .function = math_##n, .min = (count), .max = (count) \
	}

const WkMember wk_math_members[] = {
	FLOAT("e", 2.71828182845904523536028747135266249775724709369995),
	FLOAT("pi", 3.14159265358979323846264338327950288419716939937510),
	FLOAT("phi", 1.61803398874989484820458683436563811772030917980576),
	FLOAT("sqrt2", 1.41421356237309504880168872420969807856967187537694),
	FLOAT("sqrtE", 1.64872127070012814684865078781416357165377610071014),
	FLOAT("sqrtPi", 1.77245385090551602729816748334114518279754945612238),
	FLOAT("sqrtPhi", 1.27201964951406896425242246173749149171560804184009),
	FLOAT("ln2", 0.693147180559945309417232121458176568075500134360255),
	FLOAT("log2E", 1.44269504088896340735992468100189213742664595415298),
	FLOAT("ln10", 2.30258509299404568401799145468436420760110148862877),
	FLOAT("log10E", 0.43429448190325182765112891891660508229439700580366),
	FLOAT("maxFloat32", FLT_MAX),
	FLOAT("smallestNonzeroFloat32", 0x1p-149),
	FLOAT("maxFloat64", DBL_MAX),
	FLOAT("smallestNonzeroFloat64", 0x1p-1074),
	INT("maxInt", INT64_MAX),
	INT("minInt", INT64_MIN),
	INT("maxInt8", INT8_MAX),
	INT("minInt8", INT8_MIN),
	INT("maxInt16", INT16_MAX),
	INT("minInt16", INT16_MIN),
	INT("maxInt32", INT32_MAX),
	INT("minInt32", INT32_MIN),
	INT("maxInt64", INT64_MAX),
	INT("minInt64", INT64_MIN),
	MEMBER(abs, 1),
	MEMBER(acos, 1),
	MEMBER(acosh, 1),
	MEMBER(asin, 1),
	MEMBER(asinh, 1),
	MEMBER(atan, 1),
	MEMBER(atan2, 2),
	MEMBER(atanh, 1),
	MEMBER(cbrt, 1),
	MEMBER(ceil, 1),
	MEMBER(copysign, 2),
	MEMBER(cos, 1),
	MEMBER(cosh, 1),
	MEMBER(dim, 2),
	MEMBER(erf, 1),
	MEMBER(erfc, 1),
	MEMBER(exp, 1),
	MEMBER(exp2, 1),
	MEMBER(expm1, 1),
	MEMBER(floor, 1),
	MEMBER(gamma, 1),
	MEMBER(hypot, 2),
	MEMBER(ilogb, 1),
	MEMBER(inf, 1),
	MEMBER(is_inf, 2),
	MEMBER(is_nan, 1),
	MEMBER(j0, 1),
	MEMBER(j1, 1),
	MEMBER(jn, 2),
	MEMBER(ldexp, 2),
	MEMBER(log, 1),
	MEMBER(log10, 1),
	MEMBER(log1p, 1),
	MEMBER(log2, 1),
	MEMBER(logb, 1),
	MEMBER(max, 2),
	MEMBER(min, 2),
	MEMBER(mod, 2),
	MEMBER(nan, 0),
	MEMBER(nextafter, 2),
	MEMBER(pow, 2),
	MEMBER(pow10, 1),
	MEMBER(remainder, 2),
	MEMBER(signbit, 1),
	MEMBER(sin, 1),
	MEMBER(sinh, 1),
	MEMBER(sqrt, 1),
	MEMBER(tan, 1),
	MEMBER(tanh, 1),
	MEMBER(trunc, 1),
	MEMBER(y0, 1),
	MEMBER(y1, 1),
	MEMBER(yn, 2),
	{.name = NULL},
};
