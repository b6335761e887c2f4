import FileFormat

/// The disk as it is.
enum SystemDisk {
    static let files: any FileSystem = SystemFileSystem()
}
