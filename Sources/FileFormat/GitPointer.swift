/// What Git leaves in the place of a large file where Git LFS is not installed: three lines that say
/// which file it would be. Model folders that were cloned so hold it under the name of the weights.
package enum GitPointer {
    /// Specification: git-lfs.github.com/spec/v1. The file is shorter than 1024 bytes.
    package static func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count < 1024 && bytes.starts(with: "version https://git-lfs.github.com/spec/".utf8)
    }
}

extension MappedFile {
    /// Maps one of a model's files.
    ///
    /// - Throws: `FileError.gitPointer` where Git left a pointer in its place.
    package convenience init(modelFile path: String) throws(FileError) {
        try self.init(path: path)
        guard !GitPointer.matches(bytes) else { throw .gitPointer(path: path) }
    }
}
