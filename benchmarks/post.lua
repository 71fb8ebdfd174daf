-- Posts the file named by the first argument and ends with one line of JSON. A second argument is
-- the tail that each body must have; without it bodies are not looked at, which is cheaper.
local request_bytes
local tail
local threads = {}
wrong = 0

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  request_bytes = wrk.format("POST", nil, nil, file:read("*a"))
  file:close()
  tail = arguments[2]
  if tail then
    tail = tail:gsub("\\r", "\r"):gsub("\\n", "\n")
    response = function(status, headers, body)
      if body:sub(-#tail) ~= tail then
        wrong = wrong + 1
      end
    end
  end
end

function request()
  return request_bytes
end

function done(summary, latency, requests)
  local bad = 0
  for _, thread in ipairs(threads) do
    bad = bad + thread:get("wrong")
  end
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"failed":%d,"wrong":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout, bad,
    latency:percentile(50), latency:percentile(99)))
end
