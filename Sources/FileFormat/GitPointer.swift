/// Detects Git LFS pointers: three lines of text that Git checks out instead of a large file if Git
/// LFS is not installed. Model folders cloned that way have one under the name of the weights.
package enum GitPointer {
    /// Specification: git-lfs.github.com/spec/v1. The file is shorter than 1024 bytes.
    package static func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count < 1024 && bytes.starts(with: "version https://git-lfs.github.com/spec/".utf8)
    }
}

extension MappedFile {
    /// Maps one of a model's files.
    ///
    /// - Throws: `FileError.gitPointer` if the file is a Git LFS pointer.
    package convenience init(modelFile path: String) throws(FileError) {
        try self.init(path: path)
        guard !GitPointer.matches(bytes) else { throw .gitPointer(path: path) }
    }
}
