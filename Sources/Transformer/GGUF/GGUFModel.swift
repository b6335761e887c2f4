import FileFormat
import Tensors

/// A language model in a GGUF file or its parts, opened and checked.
package struct GGUFModel: Sendable {
    package let files: GGUFFileSet
    package let configuration: ModelConfiguration
    package let checkpoint: Checkpoint
    /// How states are pooled to a vector; nil if the file does not say.
    package let pooling: GGUFPooling?

    package init(path: String) throws(ModelError) {
        let files: GGUFFileSet
        do { files = try GGUFFileSet(path: path) } catch { throw .gguf(error) }
        try self.init(files)
    }

    package init(_ files: GGUFFileSet) throws(ModelError) {
        self.files = files
        do {
            configuration = try ModelConfiguration(gguf: files)
            pooling = try GGUFPooling(files.metadata)
        } catch { throw .configuration(error) }
        checkpoint = Checkpoint(
            path: files.path, filePaths: files.files.map(\.path),
            source: try GGUFSource(files, configuration))
    }
}

/// `ARCHITECTURE.pooling_type` in files of embedding models.
package enum GGUFPooling: Sendable, Equatable {
    case mean, last

    init?(_ metadata: GGUFMetadata) throws(ModelConfigurationError) {
        let key: String
        let type: Int
        do throws(GGUFError) {
            guard let architecture = try metadata.string("general.architecture") else { return nil }
            key = "\(architecture).pooling_type"
            guard let found = try metadata.integer(key, in: -1...1000) else { return nil }
            type = found
        } catch { throw .metadata(error) }
        switch type {
        case -1, 0: return nil
        case 1: self = .mean
        case 3: self = .last
        default:
            let names = [2: "cls", 4: "rank"]
            throw .unsupported(path: metadata.path, key: key, found: names[type] ?? "\(type)")
        }
    }
}
