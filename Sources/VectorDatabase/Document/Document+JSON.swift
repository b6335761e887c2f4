import JSON

extension Document {
    /// The document as the command line and the server write it and read it again, with the given key
    /// for its id.
    package func jsonLine(idKey: String) -> JSONWriter {
        var line = JSONWriter()
        line.set(idKey, id)
        line.set("title", title)
        line.set("text", text)
        line.set("metadata", .object(metadata))
        if let vector { line.set("vector", vector) }
        if let passages {
            line.set(
                "passages",
                passages.map { passage in
                    var line = JSONWriter()
                    line.set("start", passage.start)
                    if let vector = passage.vector { line.set("vector", vector) }
                    return line
                })
        }
        return line
    }
}
