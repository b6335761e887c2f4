/// The rotated keys and the values of a sequence's positions so far, for each layer.
final class KeyValueCache {
    private(set) var count = 0
    private let width: Int
    private var capacity: Int
    private var keys: [UnsafeMutablePointer<Float>]
    private var values: [UnsafeMutablePointer<Float>]

    init(_ configuration: ModelConfiguration, capacity: Int) {
        width = configuration.keyValueWidth
        self.capacity = max(1, capacity)
        let size = self.capacity * width
        keys = (0..<configuration.layerCount).map { _ in .allocate(capacity: size) }
        values = (0..<configuration.layerCount).map { _ in .allocate(capacity: size) }
    }

    deinit { for pointer in keys + values { pointer.deallocate() } }

    /// Appends `[rows, width]` keys and values, and returns all of the layer's, which are valid
    /// until the next call. `advance` increases `count` after all layers have been appended to.
    func append(
        layer: Int, keys new: UnsafeMutablePointer<Float>,
        values newValues: UnsafeMutablePointer<Float>, rows: Int
    ) -> (keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>) {
        if count + rows > capacity { grow(to: count + rows) }
        (keys[layer] + count * width).update(from: new, count: rows * width)
        (values[layer] + count * width).update(from: newValues, count: rows * width)
        return (keys[layer], values[layer])
    }

    func advance(by rows: Int) { count += rows }

    private func grow(to rows: Int) {
        let larger = max(rows, capacity * 2)
        func grown(_ old: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
            let new = UnsafeMutablePointer<Float>.allocate(capacity: larger * width)
            new.update(from: old, count: capacity * width)
            old.deallocate()
            return new
        }
        keys = keys.map(grown)
        values = values.map(grown)
        capacity = larger
    }
}
