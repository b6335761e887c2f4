import FileFormat

/// The bytes by which a store keeps the postings of a term: the stem itself or, since an index has no room
/// for long ones, a hash of it.
package enum TermKey {
    /// The longest stem that stands for itself, in bytes.
    private static let longest = 64
    /// Begins a hash. No stem has this byte, being UTF-8.
    private static let mark: UInt8 = 0xFF

    package static func of(_ stem: [UInt8]) -> [UInt8] {
        guard stem.count > longest else { return stem }
        return [mark] + stem.withUnsafeBytes { ContentHash(of: $0).bytes }
    }
}
