import VectorMath

/// The rotated keys and the values of a sequence's positions so far, for each layer and key/value
/// head, packed as attention's products read them.
///
/// A position is packed once, when it is computed, and read by every later query. Memory grows with
/// the sequence and is kept for the next one.
final class KeyValueCache {
    private(set) var count = 0
    private let heads: Int
    private let dimension: Int
    private var capacity = 0
    /// One block of memory a layer: its heads one after another.
    private var layers: [UnsafeMutablePointer<Float>]

    init(_ configuration: ModelConfiguration) {
        heads = configuration.keyValueHeadCount
        dimension = configuration.headDimension
        layers = (0..<configuration.layerCount).map { _ in .allocate(capacity: 1) }
    }

    deinit { for layer in layers { layer.deallocate() } }

    /// The bytes of `positions` positions.
    static func byteCount(_ configuration: ModelConfiguration, positions: Int) -> Int {
        let counts = CausalAttention.Packed.counts(
            capacity: rounded(positions), dimension: configuration.headDimension)
        return (counts.keys + counts.values) * configuration.keyValueHeadCount
            * configuration.layerCount * MemoryLayout<Float>.stride
    }

    /// Begins another sequence.
    func reset() { count = 0 }

    /// Makes room for `positions` positions in all, without moving them again.
    func reserve(_ positions: Int) {
        if positions > capacity { grow(to: positions) }
    }

    /// Begins another sequence with the first `prefix.count` positions of `prefix`, which is not
    /// changed.
    func reset(toCopyOf prefix: KeyValueCache) {
        count = 0
        reserve(prefix.count)
        for layer in layers.indices {
            for head in 0..<heads {
                packed(layer: layer, head: head).copyPrefix(
                    prefix.count, of: prefix.packed(layer: layer, head: head))
            }
        }
        count = prefix.count
    }

    /// Stores `[rows, heads * d]` keys and values after the positions so far. `advance` increases
    /// `count` after all layers have been stored.
    func store(
        layer: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, rows: Int
    ) {
        if count + rows > capacity { grow(to: max(count + rows, capacity * 2)) }
        for head in 0..<heads {
            packed(layer: layer, head: head).store(
                keys: keys + head * dimension, values: values + head * dimension,
                stride: heads * dimension, at: count, rows: rows)
        }
    }

    func advance(by rows: Int) { count += rows }

    /// Keys and values of one head, valid until the next `store`.
    func packed(layer: Int, head: Int) -> CausalAttention.Packed {
        Self.packed(
            layers[layer], head: head, capacity: capacity, dimension: dimension)
    }

    private static func packed(
        _ layer: UnsafeMutablePointer<Float>, head: Int, capacity: Int, dimension: Int
    ) -> CausalAttention.Packed {
        let counts = CausalAttention.Packed.counts(capacity: capacity, dimension: dimension)
        return CausalAttention.Packed(
            at: layer + head * (counts.keys + counts.values), capacity: capacity,
            dimension: dimension)
    }

    private static func rounded(_ positions: Int) -> Int {
        let step = CausalAttention.Packed.granularity
        return (positions + step - 1) / step * step
    }

    private func grow(to positions: Int) {
        let larger = Self.rounded(positions)
        let counts = CausalAttention.Packed.counts(capacity: larger, dimension: dimension)
        for index in layers.indices {
            let new = UnsafeMutablePointer<Float>.allocate(
                capacity: heads * (counts.keys + counts.values))
            if count > 0 {
                for head in 0..<heads {
                    Self.packed(new, head: head, capacity: larger, dimension: dimension)
                        .copyPrefix(count, of: packed(layer: index, head: head))
                }
            }
            layers[index].deallocate()
            layers[index] = new
        }
        capacity = larger
    }
}
