import JSON
import Storage

extension DocumentWrite {
    /// The metadata as they are stored: escapes of ordinary characters written out, so that a field is
    /// found by its name however that was escaped.
    ///
    /// - Throws: `invalidMetadata` if text with escapes is not JSON that the database accepts; SQLite
    ///   checks any other.
    func metadataAsStored() throws(StoreError) -> String? {
        guard let metadata, metadata.utf8.contains(UInt8(ascii: "\\")) else { return metadata }
        do throws(JSONError) {
            return try JSONValue(parsing: metadata).jsonText
        } catch { throw .invalidMetadata(document: id) }
    }
}
