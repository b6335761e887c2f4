import JSON

extension FieldStatistics {
    /// The field as the command line and the server write it.
    package var json: JSONWriter {
        var line = JSONWriter()
        line.set("field", name)
        line.set("documents", documents)
        var types = JSONWriter()
        for type in self.types.keys.sorted() { types.set(type.rawValue, self.types[type] ?? 0) }
        line.set("types", types)
        line.set("distinct", distinct.map { .integer(Int64($0)) } ?? .null)
        line.set("examples", .array(examples))
        return line
    }
}
