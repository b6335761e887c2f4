import CVectorKernels

/// The inner loops of vector search for one instruction set; DistanceKernels.h documents each.
///
/// `active` is the set in use; `available` lists every set that this machine can run, so that tests
/// compare each with the references.
package struct VectorKernels: @unchecked Sendable {
    /// The C functions. The table is constant for the life of the process.
    package let table: UnsafePointer<vk_kernels>

    /// "portable", "avx2", "avx512" or "neon".
    package var name: String { String(cString: table.pointee.name) }

    package static let active = VectorKernels(table: vk_active_kernels())

    /// The sets that this machine can run, portable first.
    package static var available: [VectorKernels] {
        (0...).lazy.map { vk_available_kernels($0) }.prefix { $0 != nil }
            .compactMap { $0.map(VectorKernels.init(table:)) }
    }
}
