// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface IToken {
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// A protocol that nobody has: one contract holds all pools, each known by 32 bytes; shares of a constant product.
contract Hub {
    struct Pool {
        address token0;
        address token1;
        uint256 reserve0;
        uint256 reserve1;
        uint256 total;
    }

    mapping(bytes32 => Pool) public pools;
    mapping(bytes32 => mapping(address => uint256)) public shares;

    event Joined(bytes32 indexed id, address indexed owner, uint256 shares, uint256 amount0, uint256 amount1);
    event Left(bytes32 indexed id, address indexed owner, uint256 shares);
    event Traded(bytes32 indexed id, uint256 in0, uint256 in1, uint256 reserve0, uint256 reserve1);

    function open(address token0, address token1) external {
        Pool storage pool = pools[keccak256(abi.encode(token0, token1))];
        (pool.token0, pool.token1) = (token0, token1);
    }

    function join(bytes32 id, uint256 amount0, uint256 amount1) external {
        Pool storage pool = pools[id];
        uint256 made = pool.total == 0 ? amount0 : (amount0 * pool.total) / pool.reserve0;
        IToken(pool.token0).transferFrom(msg.sender, address(this), amount0);
        IToken(pool.token1).transferFrom(msg.sender, address(this), amount1);
        (pool.reserve0, pool.reserve1, pool.total) = (pool.reserve0 + amount0, pool.reserve1 + amount1, pool.total + made);
        shares[id][msg.sender] += made;
        emit Joined(id, msg.sender, made, amount0, amount1);
    }

    function leave(bytes32 id, uint256 part) external returns (uint256 amount0, uint256 amount1) {
        Pool storage pool = pools[id];
        shares[id][msg.sender] -= part;
        (amount0, amount1) = ((pool.reserve0 * part) / pool.total, (pool.reserve1 * part) / pool.total);
        (pool.reserve0, pool.reserve1, pool.total) = (pool.reserve0 - amount0, pool.reserve1 - amount1, pool.total - part);
        IToken(pool.token0).transfer(msg.sender, amount0);
        IToken(pool.token1).transfer(msg.sender, amount1);
        emit Left(id, msg.sender, part);
    }

    function trade(bytes32 id, uint256 in0, uint256 in1) external {
        Pool storage pool = pools[id];
        uint256 out0 = (in1 * 997 * pool.reserve0) / (pool.reserve1 * 1000 + in1 * 997);
        uint256 out1 = (in0 * 997 * pool.reserve1) / (pool.reserve0 * 1000 + in0 * 997);
        if (in0 > 0) IToken(pool.token0).transferFrom(msg.sender, address(this), in0);
        if (in1 > 0) IToken(pool.token1).transferFrom(msg.sender, address(this), in1);
        if (out0 > 0) IToken(pool.token0).transfer(msg.sender, out0);
        if (out1 > 0) IToken(pool.token1).transfer(msg.sender, out1);
        (pool.reserve0, pool.reserve1) = (pool.reserve0 + in0 - out0, pool.reserve1 + in1 - out1);
        emit Traded(id, in0, in1, pool.reserve0, pool.reserve1);
    }
}
