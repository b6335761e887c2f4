import CPostgres

extension PostgresLocation {
    /// The settings that the URI has, as libpq reads it: `host`, `port`, `dbname`, `user` and so on.
    ///
    /// - Throws: `libraryMissing`, or `cannotConnect` for a URI that libpq cannot read.
    func settings() throws(PostgresError) -> [(name: String, value: String)] {
        guard let functions = libpq_load()?.pointee else { throw .libraryMissing }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = functions.conninfoParse(uri, &message) else {
            let reason = message.map { String(cString: $0) } ?? "it cannot be read"
            functions.freemem(message)
            throw .cannotConnect(reason: reason)
        }
        defer { functions.conninfoFree(options) }
        var settings: [(name: String, value: String)] = []
        var option = options
        while let name = option.pointee.name {
            if let value = option.pointee.value {
                settings.append((String(cString: name), String(cString: value)))
            }
            option += 1
        }
        return settings
    }
}
