# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where: the archive, the public headers, the two
# programs, a pkg-config file and a CMake package.
include(CMakePackageConfigHelpers)

set(SLU_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/sluice)

install(TARGETS sluice EXPORT sluice-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(program sluice_program sluice-sim)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
install(DIRECTORY include/sluice DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h")

# At install time the prefix may be another one than at configure time: both
# files find it from where they stand.
file(RELATIVE_PATH SLU_PREFIX_FROM_PC
    ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/sluice.pc.in ${CMAKE_BINARY_DIR}/sluice.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/sluice.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(EXPORT sluice-targets NAMESPACE sluice::
    DESTINATION ${SLU_PACKAGE_DIR})
configure_package_config_file(cmake/sluice-config.cmake.in
    ${CMAKE_BINARY_DIR}/sluice-config.cmake
    INSTALL_DESTINATION ${SLU_PACKAGE_DIR})
write_basic_package_version_file(
    ${CMAKE_BINARY_DIR}/sluice-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/sluice-config.cmake
        ${CMAKE_BINARY_DIR}/sluice-config-version.cmake
    DESTINATION ${SLU_PACKAGE_DIR})
