// Server-sent events read from a fetch body: EventSource cannot send an Authorization header.

/** Yields { event, id, data } as they are completed; calls `onBytes` for every chunk, heartbeats too. */
export async function* eventsOf(body, onBytes) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let fields = {};
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line !== "") addField(fields, line);
        else {
          if (fields.data !== undefined) yield { event: "message", ...fields };
          fields = {};
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function addField(fields, line) {
  const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
  if (name === "data") fields.data = fields.data === undefined ? value : `${fields.data}\n${value}`;
  else if (name === "id" || name === "event") fields[name] = value;
}
