import Foundation
import JSON
import Storage

/// An ingest that any number of processes share: all that are started with the same name, paths and
/// options.
package struct IngestJob: Sendable {
    package var name: String
    /// Files and folders.
    package var paths: [SourcePath]
    package var source: SourceOptions
    /// JSON Lines and TSV that are longer are cut at line ends, in bytes; at least 1.
    package var unitSize = 64 << 20
    /// Whether units that failed are tried again.
    package var retriesFailed = false
    /// Who works, as others see it.
    package var worker = Self.thisProcess
    /// How long a unit is a worker's without a sign of life.
    package var lease = Duration.seconds(60)

    package init(name: String, paths: [SourcePath], source: SourceOptions) {
        self.name = name
        self.paths = paths
        self.source = source
    }

    /// The machine's name and the process's number.
    static var thisProcess: String {
        var name = [CChar](repeating: 0, count: 256)
        let isKnown = gethostname(&name, 255) == 0
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let host = isKnown ? String(decoding: bytes, as: UTF8.self) : "?"
        return "\(host):\(getpid())"
    }

    /// What all workers must have in common, since documents would depend on who reads them.
    func settings(_ options: IngestOptions) -> String {
        var settings: JSONObject = [:]
        func set(_ name: String, _ text: String?) {
            if let text { settings[name] = .string(text) }
        }
        settings["unit-size"] = .integer(Int64(unitSize))
        set("format", source.format.rawValue)
        set("id-field", source.idField)
        set("text-field", source.textField)
        set("title-field", source.titleField)
        set("delimiter", source.delimiter.map { "\($0)" })
        set("header", source.hasHeader ? nil : "none")
        set("encoding", source.encoding)
        let types = source.columnTypes.map { "\($0.column):\($0.type.rawValue)" }
        set("types", types.isEmpty ? nil : types.joined(separator: ","))
        set("chunks", options.chunking?.signature)
        set("on-conflict", options.onConflict.rawValue)
        set("on-error", options.onFailure.rawValue)
        return JSONValue.object(settings).jsonText
    }

    /// The names of the settings that differ.
    static func difference(_ one: String, _ other: String) -> [String] {
        let (one, other) = (Self.object(one), Self.object(other))
        return Set(Array(one.keys) + Array(other.keys)).filter { one[$0] != other[$0] }.sorted()
    }

    private static func object(_ text: String) -> JSONObject {
        (try? JSONValue(parsing: text))?.objectValue ?? [:]
    }
}

/// What a worker did, and how far the job is.
package struct JobSummary: Sendable {
    /// Of this worker.
    package var ingest: IngestSummary
    package var status: WorkStatus
}
