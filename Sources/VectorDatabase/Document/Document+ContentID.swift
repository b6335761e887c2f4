import FileFormat
import JSON

extension Document {
    /// An id made from the content (title, text, metadata, vector), for a document that came without one:
    /// the same document sent twice is one.
    package var contentID: String {
        let hasher = ContentHasher()
        for text in [title, text, JSONValue.object(metadata).jsonText] {
            hasher.update("\(text.utf8.count) ")
            hasher.update(text)
        }
        vector?.withUnsafeBytes { hasher.update($0) }
        return hasher.finalize().hexadecimal
    }
}
