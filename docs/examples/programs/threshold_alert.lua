-- Routine: raises an alert while a time series is too high or too low, and closes it when it is well again.
--
-- `margin` keeps a value that trembles around a limit from opening and closing the alert again and again: it is closed
-- only when the value is that far within the limits.

local settings = {
	series = "00000000-0000-0000-0000-000000000001",
	resource = "supply temperature",
	high = 80, -- nil: no such limit
	low = 40,
	margin = 2,
	minutes = 10, -- older values do not count
	severity = "major",
	environment = "production",
}

local api, log, times, fmt = import("selfapi"), import("log"), import("times"), import("fmt")

local now = times.now()
local points = assert(api.timeseries.data(settings.series, now - settings.minutes * times.minute, now))
if #points == 0 then
	log.warn("no value in the last %d minutes", settings.minutes)
	return
end
local value = points[#points].v

local function is_beyond(margin)
	return (settings.high and value > settings.high - margin and "too high")
		or (settings.low and value < settings.low + margin and "too low")
end

local key = {resource = settings.resource, environment = settings.environment, event = "out of limits", origin = "threshold_alert"}
local what = is_beyond(0)
if what then
	assert(api.alerts.create{
		resource = key.resource, environment = key.environment, event = key.event, origin = key.origin,
		severity = settings.severity,
		value = fmt.sprintf("%v", value),
		description = fmt.sprintf("%s is %s: %v, at %s", settings.resource, what, value, points[#points].ts),
		timeout = 3600,
	})
	log.info("%s: %v", what, value)
elseif not is_beyond(settings.margin) then
	local closed = 0
	for _, status in ipairs{"open", "acknowledge"} do
		key.status = status
		for _, alert in ipairs(assert(api.alerts.list(key))) do
			assert(api.alerts.update(alert.uuid, {status = "close", value = fmt.sprintf("%v", value)}))
			closed = closed + 1
		end
	end
	log.info("well: %v, %d closed", value, closed)
else
	log.info("within the margin: %v", value)
end
