-- Posts a body and ends with one line of JSON. The arguments: a text that each answer must hold (if
-- empty answers are not looked at, which is cheaper), the file of the body, and, if there is one, a
-- file of paths that are asked in turn.
local requests = {}
local turn = 0
local mark
local threads = {}
wrong = 0

function setup(thread)
  table.insert(threads, thread)
end

local function read(name)
  local file = assert(io.open(name, "rb"))
  local content = file:read("*a")
  file:close()
  return content
end

function init(arguments)
  local body = read(arguments[2])
  if arguments[3] then
    for path in read(arguments[3]):gmatch("[^\n]+") do
      table.insert(requests, wrk.format("POST", path, nil, body))
    end
  else
    table.insert(requests, wrk.format("POST", nil, nil, body))
  end
  mark = arguments[1]:gsub("\\r", "\r"):gsub("\\n", "\n")
  if mark ~= "" then
    response = function(status, headers, body)
      if not body:find(mark, 1, true) then
        wrong = wrong + 1
      end
    end
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
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
