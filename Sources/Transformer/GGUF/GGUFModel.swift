import FileFormat
import Tensors

/// A language model's GGUF file, or the parts that it was split into, opened and checked.
package struct GGUFModel: Sendable {
    package let files: GGUFFileSet
    package let configuration: ModelConfiguration
    package let checkpoint: Checkpoint
    /// How states become a vector, if the file says so.
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

/// `ARCHITECTURE.pooling_type`, which files of embedding models have.
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
