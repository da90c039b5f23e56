// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// Deploys the real pools for the real factory: the npm package leaves its own deployer out. Pools ask for parameters()
/// and stand at keccak256(abi.encode(token0, token1, fee)).
contract PoolDeployer {
    struct Parameters {
        address factory;
        address token0;
        address token1;
        uint24 fee;
        int24 tickSpacing;
    }

    Parameters public parameters;
    address private immutable code; // a contract that holds the pool's creation code behind one byte

    constructor(address code_) {
        code = code_;
    }

    function deploy(address factory_, address token0, address token1, uint24 fee, int24 tickSpacing)
        external
        returns (address pool)
    {
        parameters = Parameters(factory_, token0, token1, fee, tickSpacing);
        bytes32 salt = keccak256(abi.encode(token0, token1, fee));
        address from = code;
        assembly {
            let size := sub(extcodesize(from), 1)
            let start := mload(0x40)
            extcodecopy(from, start, 1, size)
            pool := create2(0, start, size, salt)
        }
        require(pool != address(0), "not deployed");
    }
}
