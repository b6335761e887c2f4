/// The parent folder of a path: `.` for a bare name.
///
/// Foundation's `deletingLastPathComponent` traps for the path `.`.
package func parentFolder(of path: String) -> String {
    var bytes = path.utf8[...]
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == bytes.startIndex ? "/" : String(Substring(bytes[..<slash]))
}
