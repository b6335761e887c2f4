/// What tells a database from others.
package struct StoreIdentity: Sendable, Equatable {
    /// 16 random bytes, generated when the database was created and kept by its backups.
    package let bytes: [UInt8]
    /// The program that created the database, and when.
    package let createdBy: String
    package let formatVersion: Int

    package init(bytes: [UInt8], createdBy: String, formatVersion: Int) {
        self.bytes = bytes
        self.createdBy = createdBy
        self.formatVersion = formatVersion
    }

    /// 32 lowercase hexadecimal digits.
    package var hexadecimal: String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
