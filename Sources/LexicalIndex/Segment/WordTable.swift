/// Numbers distinct words from 0 in order of appearance: an open-addressing hash table.
struct WordTable {
    private var bytes: [UInt8] = []
    /// The start of each word in `bytes`, and the end of the last.
    private var starts: [UInt32] = [0]
    private var hashes: [UInt32] = []
    /// The hash table: numbers of words plus one, 0 if free. Its size is a power of two.
    private var places = [UInt32](repeating: 0, count: 1 << 12)

    var count: Int { hashes.count }

    /// The approximate memory used, in bytes.
    var byteCount: Int { bytes.count + 8 * hashes.count + 4 * places.count }

    /// The number of a word, and whether it is new.
    mutating func number(of word: UnsafeBufferPointer<UInt8>) -> (number: Int, isNew: Bool) {
        let hash = Self.hash(word)
        let mask = places.count - 1
        var place = Int(hash) & mask
        while true {
            let entry = places[place]
            if entry == 0 { break }
            let number = Int(entry) - 1
            if hashes[number] == hash, equals(number, word) { return (number, false) }
            place = (place + 1) & mask
        }
        let number = hashes.count
        bytes += word
        starts.append(UInt32(bytes.count))
        hashes.append(hash)
        places[place] = UInt32(number + 1)
        if 2 * hashes.count > places.count { grow() }
        return (number, true)
    }

    func withWord<Result>(
        _ number: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result {
        try bytes.withUnsafeBufferPointer {
            try body(
                UnsafeBufferPointer(rebasing: $0[Int(starts[number])..<Int(starts[number + 1])]))
        }
    }

    /// The numbers, sorted by the bytes of their words.
    func sorted() -> [Int] {
        bytes.withUnsafeBufferPointer { bytes in
            (0..<count).sorted { first, second in
                let a = bytes[Int(starts[first])..<Int(starts[first + 1])]
                let b = bytes[Int(starts[second])..<Int(starts[second + 1])]
                return a.lexicographicallyPrecedes(b)
            }
        }
    }

    private func equals(_ number: Int, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = Int(starts[number])
        guard Int(starts[number + 1]) - start == word.count else { return false }
        for index in 0..<word.count where bytes[start + index] != word[index] { return false }
        return true
    }

    private mutating func grow() {
        places = [UInt32](repeating: 0, count: places.count * 2)
        let mask = places.count - 1
        for (number, hash) in hashes.enumerated() {
            var place = Int(hash) & mask
            while places[place] != 0 { place = (place + 1) & mask }
            places[place] = UInt32(number + 1)
        }
    }

    /// Multiply and rotate, eight bytes at a time.
    private static func hash(_ word: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let raw = UnsafeRawBufferPointer(word)
        var hash = UInt64(word.count) &* 0x9E37_79B9_7F4A_7C15
        var index = 0
        func mix(_ value: UInt64) {
            hash = (hash ^ value) &* 0xD6E8_FEB8_6659_FD93
            hash ^= hash >> 32
        }
        while index + 8 <= raw.count {
            mix(raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var rest: UInt64 = 0
        while index < raw.count {
            rest = rest << 8 | UInt64(raw[index])
            index += 1
        }
        mix(rest)
        return UInt32(truncatingIfNeeded: hash ^ hash >> 29)
    }
}
