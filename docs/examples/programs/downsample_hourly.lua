-- Routine: writes the hourly averages of one time series into another, for dashboards that look at years.
--
-- Only hours that are over are written. It goes on where it stopped, `lookback` earlier: values that come late correct
-- the averages that are there. It may run as often as one likes, and after any pause: what it writes twice is the same.

local settings = {
	from = "00000000-0000-0000-0000-000000000001",
	to = "00000000-0000-0000-0000-000000000002",
	begin = "2026-01-01T00:00:00Z", -- of the first hour, if nothing has been written yet
	lookback_hours = 24,
	days = 31, -- so much at a time
}

local api, log, times = import("selfapi"), import("log"), import("times")

local function parse(text)
	return times.parse(times.format_rfc3339, text)
end

-- The newest hour that is written. Looked for year by year, since an answer spans no more.
local function newest(from, till)
	while till > from do
		local begin = till - 366 * 24 * times.hour
		if begin < from then begin = from end
		-- One row for each day that has values.
		local days = assert(api.timeseries.data(settings.to, begin, till, {precision = "day", aggregate = "count"}))
		if #days > 0 then
			local day = parse(days[#days].ts)
			local hours = assert(api.timeseries.data(settings.to, day, day + 24 * times.hour))
			return parse(hours[#hours].ts)
		end
		till = begin
	end
	return nil
end

local now = times.now()
-- The end of the last hour that is over, exclusive.
local till = times.date(times.time_year(now), times.time_month(now), times.time_day(now), times.time_hour(now), 0, 0, 0)
local first = parse(settings.begin)
local last = newest(first, till)
local start = first
if last and last - settings.lookback_hours * times.hour > first then
	start = last - settings.lookback_hours * times.hour
end
if not (start < till) then
	log.info("no hour is over yet")
	return
end

-- One part after the other, until one has hours that are new: a pause of the source may be longer than a part.
local n = 0
local from = start
repeat
	local stop = from + settings.days * 24 * times.hour
	if stop > till then stop = till end
	local hours = assert(api.timeseries.data(settings.from, from, stop - times.microsecond, {precision = "hour", aggregate = "avg"}))
	if #hours > 0 then
		assert(api.timeseries.add(settings.to, hours, {conflict = "replace"}))
	end
	n = n + #hours
	from = stop
until not (from < till) or (#hours > 0 and (not last or parse(hours[#hours].ts) > last))
log.info("%d hours from %s", n, times.time_format(start, times.format_rfc3339))
