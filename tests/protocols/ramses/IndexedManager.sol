// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity =0.7.6;
pragma abicoder v2;

import "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import "@uniswap/v3-core/contracts/libraries/FixedPoint128.sol";
import "@uniswap/v3-core/contracts/libraries/FullMath.sol";
import "@uniswap/v3-periphery/contracts/base/LiquidityManagement.sol";
import "@uniswap/v3-periphery/contracts/base/Multicall.sol";
import "@uniswap/v3-periphery/contracts/base/PoolInitializer.sol";

/// Owns one position in a pool, so that a pool that knows no index has an entry for each of the manager's positions.
contract Holder {
    address private immutable manager = msg.sender;

    function burn(IUniswapV3Pool pool, int24 lower, int24 upper, uint128 amount) external returns (uint256, uint256) {
        require(msg.sender == manager);
        return pool.burn(lower, upper, amount);
    }

    function collect(IUniswapV3Pool pool, address to, int24 lower, int24 upper, uint128 amount0, uint128 amount1)
        external
        returns (uint128, uint128)
    {
        require(msg.sender == manager);
        return pool.collect(to, lower, upper, amount0, amount1);
    }
}

/// A manager of positions with the words and arithmetic that Ramses V2's has in public, on Uniswap's periphery code. Its
/// pools answer for the entry of an index, by what `entries` says (IndexedPool.sol).
contract IndexedManager is Multicall, ERC721, PoolInitializer, LiquidityManagement {
    struct Position {
        address token0;
        address token1;
        uint24 fee;
        int24 tickLower;
        int24 tickUpper;
        uint128 liquidity;
        uint256[2] growth;
        uint128[2] owed;
        Holder holder;
    }

    struct MintParams {
        address token0;
        address token1;
        uint24 fee;
        int24 tickLower;
        int24 tickUpper;
        uint256 amount0Desired;
        uint256 amount1Desired;
        uint256 amount0Min;
        uint256 amount1Min;
        address recipient;
        uint256 deadline;
    }

    struct IncreaseParams {
        uint256 tokenId;
        uint256 amount0Desired;
        uint256 amount1Desired;
        uint256 amount0Min;
        uint256 amount1Min;
        uint256 deadline;
    }

    struct DecreaseParams {
        uint256 tokenId;
        uint128 liquidity;
        uint256 amount0Min;
        uint256 amount1Min;
        uint256 deadline;
    }

    struct CollectParams {
        uint256 tokenId;
        address recipient;
        uint128 amount0Max;
        uint128 amount1Max;
    }

    event IncreaseLiquidity(uint256 indexed tokenId, uint128 liquidity, uint256 amount0, uint256 amount1);
    event DecreaseLiquidity(uint256 indexed tokenId, uint128 liquidity, uint256 amount0, uint256 amount1);
    event Collect(uint256 indexed tokenId, address recipient, uint256 amount0, uint256 amount1);

    mapping(uint256 => Position) private _positions;
    mapping(bytes32 => bytes32) public entries;
    uint256 private _nextId = 1;

    constructor(address factory_, address weth) ERC721("Positions", "POS") PeripheryImmutableState(factory_, weth) {}

    modifier authorised(uint256 id) {
        require(_isApprovedOrOwner(msg.sender, id), "Not approved");
        _;
    }

    function positions(uint256 id)
        external
        view
        returns (uint96, address, address, address, uint24, int24, int24, uint128, uint256, uint256, uint128, uint128)
    {
        Position memory p = _positions[id];
        require(p.token0 != address(0), "Invalid token ID");
        return (
            0,
            address(0),
            p.token0,
            p.token1,
            p.fee,
            p.tickLower,
            p.tickUpper,
            p.liquidity,
            p.growth[0],
            p.growth[1],
            p.owed[0],
            p.owed[1]
        );
    }

    function mint(MintParams calldata params)
        external
        payable
        returns (uint256 id, uint128 liquidity, uint256 amount0, uint256 amount1)
    {
        id = _nextId++;
        _mint(params.recipient, id);
        Position storage p = _positions[id];
        (p.token0, p.token1, p.fee) = (params.token0, params.token1, params.fee);
        (p.tickLower, p.tickUpper) = (params.tickLower, params.tickUpper);
        p.holder = new Holder();
        entries[_key(p, id)] = keccak256(abi.encodePacked(p.holder, p.tickLower, p.tickUpper));
        (liquidity, amount0, amount1) = _add(p, id, params.amount0Desired, params.amount1Desired);
    }

    function increaseLiquidity(IncreaseParams calldata params)
        external
        payable
        returns (uint128 liquidity, uint256 amount0, uint256 amount1)
    {
        return _add(_positions[params.tokenId], params.tokenId, params.amount0Desired, params.amount1Desired);
    }

    function decreaseLiquidity(DecreaseParams calldata params)
        external
        payable
        authorised(params.tokenId)
        returns (uint256 amount0, uint256 amount1)
    {
        Position storage p = _positions[params.tokenId];
        require(params.liquidity > 0 && p.liquidity >= params.liquidity);
        (amount0, amount1) = p.holder.burn(_pool(p), p.tickLower, p.tickUpper, params.liquidity);
        _credit(p, params.tokenId, uint128(amount0), uint128(amount1));
        p.liquidity -= params.liquidity;
        emit DecreaseLiquidity(params.tokenId, params.liquidity, amount0, amount1);
    }

    function collect(CollectParams calldata params)
        external
        payable
        authorised(params.tokenId)
        returns (uint256 amount0, uint256 amount1)
    {
        Position storage p = _positions[params.tokenId];
        if (p.liquidity > 0) {
            p.holder.burn(_pool(p), p.tickLower, p.tickUpper, 0);
            _credit(p, params.tokenId, 0, 0);
        }
        uint128 wanted0 = params.amount0Max > p.owed[0] ? p.owed[0] : params.amount0Max;
        uint128 wanted1 = params.amount1Max > p.owed[1] ? p.owed[1] : params.amount1Max;
        (amount0, amount1) =
            p.holder.collect(_pool(p), params.recipient, p.tickLower, p.tickUpper, wanted0, wanted1);
        p.owed = [p.owed[0] - wanted0, p.owed[1] - wanted1];
        emit Collect(params.tokenId, params.recipient, wanted0, wanted1);
    }

    function burn(uint256 id) external payable authorised(id) {
        Position storage p = _positions[id];
        require(p.liquidity == 0 && p.owed[0] == 0 && p.owed[1] == 0, "Not cleared");
        delete _positions[id];
        _burn(id);
    }

    function _add(Position storage p, uint256 id, uint256 wanted0, uint256 wanted1)
        private
        returns (uint128 liquidity, uint256 amount0, uint256 amount1)
    {
        (liquidity, amount0, amount1, ) = addLiquidity(
            AddLiquidityParams(
                p.token0,
                p.token1,
                p.fee,
                address(p.holder),
                p.tickLower,
                p.tickUpper,
                wanted0,
                wanted1,
                0,
                0
            )
        );
        _credit(p, id, 0, 0);
        p.liquidity += liquidity;
        emit IncreaseLiquidity(id, liquidity, amount0, amount1);
    }

    function _credit(Position storage p, uint256 id, uint128 amount0, uint128 amount1) private {
        (, uint256 growth0, uint256 growth1, , ) = _pool(p).positions(_key(p, id));
        p.owed[0] += amount0 + uint128(FullMath.mulDiv(growth0 - p.growth[0], p.liquidity, FixedPoint128.Q128));
        p.owed[1] += amount1 + uint128(FullMath.mulDiv(growth1 - p.growth[1], p.liquidity, FixedPoint128.Q128));
        p.growth = [growth0, growth1];
    }

    function _key(Position storage p, uint256 id) private view returns (bytes32) {
        return keccak256(abi.encodePacked(address(this), id, p.tickLower, p.tickUpper));
    }

    function _pool(Position storage p) private view returns (IUniswapV3Pool) {
        return IUniswapV3Pool(PoolAddress.computeAddress(factory, PoolAddress.PoolKey(p.token0, p.token1, p.fee)));
    }
}
