-- Routine: watches over all time series with a tag, and raises an alert for each that has had no value for a while.
--
-- The alert is closed when values come again. A series without the tag is not looked at.

local settings = {
	tag = "watched",
	minutes = 30,
	severity = "minor",
	environment = "production",
}

local api, log, times = import("selfapi"), import("log"), import("times")

local PAGE = 100
local key = {environment = settings.environment, event = "silent", origin = "silent_sensors"}

-- Every row of a list, page by page.
local function each(list, options)
	options.limit, options.offset = PAGE, 0
	return coroutine.wrap(function()
		repeat
			local page = assert(list(options))
			for _, row in ipairs(page) do
				coroutine.yield(row)
			end
			options.offset = options.offset + PAGE
		until #page < PAGE
	end)
end

-- Alerts that are there, by what they are about; read before any is changed.
local raised = {}
for _, status in ipairs{"open", "acknowledge"} do
	for alert in each(api.alerts.list, {environment = key.environment, event = key.event, origin = key.origin, status = status}) do
		raised[alert.resource] = alert.uuid
	end
end

local now = times.now()
local begin = now - settings.minutes * times.minute
local watched, silent, closed = 0, 0, 0
for series in each(api.timeseries.list, {tags = {settings.tag}}) do
	local resource = "timeseries/" .. series.uuid
	-- How many there are, not which: at most a few rows, however fast the sensor is.
	local counts = assert(api.timeseries.data(series.uuid, begin, now, {precision = "day", aggregate = "count"}))
	watched = watched + 1
	if #counts == 0 then
		silent = silent + 1
		assert(api.alerts.create{
			resource = resource, environment = key.environment, event = key.event, origin = key.origin,
			severity = settings.severity,
			value = ("%d minutes"):format(settings.minutes),
			description = ("%s has had no value for %d minutes"):format(series.name, settings.minutes),
			timeout = 86400,
		})
	elseif raised[resource] then
		closed = closed + 1
		assert(api.alerts.update(raised[resource], {status = "close"}))
	end
end
log.info("%d watched, %d silent, %d closed", watched, silent, closed)
